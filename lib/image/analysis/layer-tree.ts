import type { Digest } from '../../util/digest.js';

/** An image as its names and layers, bottom first. */
export interface StackedImage {
  id: Digest;
  names: string[];
  layers: readonly { diffId: Digest; size: number }[];
}

/** Layers that images have in common, what is named at their top, and what stands upon them. */
export interface LayerNode {
  /** images that end here */
  images: StackedImage[];
  /** layers between the node below and this one */
  layers: number;
  /** bytes of those */
  size: number;
  /** bytes of all layers down to the bottom */
  total: number;
  children: LayerNode[];
}

/** The images of a store as trees of shared layers, those that most others stand upon first. */
export function layerTree(images: readonly StackedImage[]): LayerNode[] {
  return branches(images, 0, 0);
}

/** The nodes directly above `depth` layers that all of `images` share. */
function branches(images: readonly StackedImage[], depth: number, below: number): LayerNode[] {
  const groups = new Map<Digest | undefined, StackedImage[]>();
  for (const image of images) {
    const next = image.layers[depth]?.diffId;
    groups.set(next, [...(groups.get(next) ?? []), image]);
  }
  return [...groups.values()]
    .map(group => grow(group, depth, below))
    .sort((a, b) => weight(b) - weight(a) || (title(a) < title(b) ? -1 : 1));
}

/** One node: as many layers as the whole group shares, until an image ends or the group parts. */
function grow(group: readonly StackedImage[], from: number, below: number): LayerNode {
  let depth = from;
  let size = 0;
  const shared = (): boolean => {
    const [first, ...rest] = group.map(image => image.layers[depth]?.diffId);
    return first !== undefined && rest.every(diffId => diffId === first);
  };
  while (shared() && (depth === from || !group.some(image => image.layers.length === depth))) {
    size += group[0]?.layers[depth]?.size ?? 0;
    depth += 1;
  }
  const images = group.filter(image => image.layers.length === depth);
  const above = group.filter(image => image.layers.length > depth);
  const total = below + size;
  return { images, layers: depth - from, size, total, children: branches(above, depth, total) };
}

function weight(node: LayerNode): number {
  return node.images.length + node.children.reduce((sum, child) => sum + weight(child), 0);
}

function title(node: LayerNode): string {
  return node.images[0]?.names[0] ?? node.images[0]?.id ?? '';
}
