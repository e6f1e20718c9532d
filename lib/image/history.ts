import type { Store } from '../store/index.js';
import type { ImageRecord } from '../store/types.js';
import type { Digest } from '../util/digest.js';
import { layerSizes } from './size.js';

/** One line of `docker history`. */
export interface HistoryEntry {
  /** the image's id on the first line; other images are not known by their steps */
  id: Digest | '<missing>';
  /** RFC 3339; empty when the config does not say */
  created: string;
  createdBy: string;
  /** bytes of the layer's files; 0 for steps without a layer */
  size: number;
  comment: string;
  /** the layer that the step made */
  layer?: Digest;
  /** normalized names, on the first line */
  tags: string[];
}

/** The steps that made an image, latest first. Layers that no history tells of are lines without a command. */
export async function imageHistory(store: Store, image: ImageRecord): Promise<HistoryEntry[]> {
  const config = await store.images.config(image);
  const sizes = await layerSizes(store, image);
  const layers = config.rootfs.diff_ids.map((layer, i) => ({ layer, size: sizes[i] ?? 0 }));
  const lines: HistoryEntry[] = [];
  for (const step of config.history ?? []) {
    const made = step.empty_layer === true ? undefined : layers.shift();
    lines.push(line(step.created, step.created_by, step.comment, made));
  }
  for (const made of layers) lines.push(line(undefined, undefined, undefined, made));
  lines.reverse();
  const [first] = lines;
  if (first) Object.assign(first, { id: image.id, tags: image.names });
  return lines;
}

function line(
  created = '',
  createdBy = '',
  comment = '',
  made?: { layer: Digest; size: number },
): HistoryEntry {
  return { id: '<missing>', created, createdBy, size: 0, comment, tags: [], ...made };
}
