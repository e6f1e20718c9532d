import type { LayerAnalysis } from '../analysis/layers.js';

/** What a report tells. Everything in it may be hostile: it comes from an image. */
export interface ImageReport {
  /** as it was asked for */
  name: string;
  id: string;
  /** `linux/amd64` */
  platform: string;
  /** RFC 3339; empty when it is not known */
  created: string;
  /** lines of the image's config: `Command`, `Environment`, … */
  facts: readonly (readonly [name: string, value: string])[];
  /** bottom first */
  layers: readonly ReportedLayer[];
}

export interface ReportedLayer extends LayerAnalysis {
  diffId: string;
  /** the instruction that made it */
  command: string;
}
