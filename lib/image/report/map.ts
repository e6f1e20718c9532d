import { type Block, blockTree, childBlocks } from './blocks.js';
import { bytes, cut, escapeHtml } from './html.js';
import type { ImageReport } from './report.js';
import { type Box, squarify } from './treemap.js';

const WIDTH = 1200;
const HEIGHT = 620;
/** Parts that nobody could see are left to their directory's colour. */
const MIN_SIDE = 4;
const MIN_AREA = 40;
const GAP = 1;
const LABEL_HEIGHT = 16;
/** of the label's font, on average */
const CHARACTER_WIDTH = 6.4;
const MAX_DEPTH = 12;
/** The page stays light however many files there are. */
const MAX_CELLS = 4000;

/** The treemap: a part for each layer, in it its directories and files, by bytes. */
export function treemapSvg({ layers }: ImageReport): string {
  const parts = layers
    .map((layer, at) => ({ layer, at }))
    .filter(({ layer }) => layer.size > 0)
    .sort((a, b) => b.layer.size - a.layer.size);
  const boxes = squarify(
    parts.map(({ layer }) => layer.size),
    { x: 0, y: 0, width: WIDTH, height: HEIGHT },
  );
  const budget = { left: MAX_CELLS };
  const groups = parts.map(({ layer, at }, i) => {
    const root: Block = { ...blockTree(layer.files), name: `${at + 1}  ${layer.command}`, path: '' };
    const cells = cell(root, boxes[i] ?? { x: 0, y: 0, width: 0, height: 0 }, 0, budget);
    return `<g class="l l${at % 12}" style="--h:${hue(at)}">${cells}</g>`;
  });
  return `<svg class="map" viewBox="0 0 ${WIDTH} ${HEIGHT}" role="img" aria-label="Files by layer and size">
<defs><pattern id="hidden" width="7" height="7" patternUnits="userSpaceOnUse" patternTransform="rotate(45)"><rect width="3" height="7"/></pattern></defs>
${groups.join('\n')}
</svg>`;
}

/** Neighbouring layers get colours that are far apart: the golden angle. */
export function hue(layer: number): number {
  return Math.round((205 + layer * 137.508) % 360);
}

function cell(block: Block, outer: Box, depth: number, budget: { left: number }): string {
  const box = shrink(outer, GAP / 2);
  const visible =
    box.width >= MIN_SIDE && box.height >= MIN_SIDE && box.width * box.height >= MIN_AREA && budget.left > 0;
  if (!visible) return '';
  budget.left -= 1;
  const isFile = block.children.size === 0;
  const labelled = box.width > 46 && box.height > (isFile ? 14 : 2 * LABEL_HEIGHT);
  const title = `<title>${escapeHtml(block.path || block.name)}\n${bytes(block.size)}${hiddenText(block)}</title>`;
  const shape = `<rect ${place(box)} rx="2" class="${isFile ? 'f' : `d d${Math.min(depth, 3)}`}">${title}</rect>`;
  const label = labelled ? labelOf(block, box, isFile) : '';
  const content = block.children.size === 0 ? '' : inner(block, box, depth, labelled, budget);
  return shape + hatchOf(block, box) + label + content;
}

/** A file that is hidden; and a directory that is, whose files may be too small to be drawn. */
function hatchOf({ hidden, size }: Block, box: Box): string {
  return hidden === size ? `<rect ${place(box)} rx="2" fill="url(#hidden)" class="h"/>` : '';
}

function inner(block: Block, box: Box, depth: number, labelled: boolean, budget: { left: number }): string {
  if (depth >= MAX_DEPTH) return '';
  const top = labelled ? LABEL_HEIGHT : 2;
  const room = {
    x: box.x + 2,
    y: box.y + top,
    width: Math.max(0, box.width - 4),
    height: Math.max(0, box.height - top - 2),
  };
  const children = childBlocks(block);
  const boxes = squarify(
    children.map(child => child.size),
    room,
  );
  return children
    .map((child, at) => cell(child, boxes[at] ?? { ...room, width: 0 }, depth + 1, budget))
    .join('');
}

function labelOf(block: Block, { x, y, width }: Box, isFile: boolean): string {
  const fits = Math.floor((width - 8) / CHARACTER_WIDTH);
  const size = bytes(block.size);
  const name = cut(block.name, fits > size.length + 12 ? fits - size.length - 2 : fits);
  const tail = fits > size.length + 12 ? `<tspan class="s">  ${size}</tspan>` : '';
  return `<text x="${round(x + 4)}" y="${round(y + 12)}"${isFile ? ' class="n"' : ''}>${escapeHtml(name)}${tail}</text>`;
}

function hiddenText({ hidden, size }: Block): string {
  if (hidden === 0) return '';
  return hidden === size ? '\nhidden by a layer above' : `\n${bytes(hidden)} of it hidden by layers above`;
}

function shrink({ x, y, width, height }: Box, by: number): Box {
  return { x: x + by, y: y + by, width: Math.max(0, width - 2 * by), height: Math.max(0, height - 2 * by) };
}

function place({ x, y, width, height }: Box): string {
  return `x="${round(x)}" y="${round(y)}" width="${round(width)}" height="${round(height)}"`;
}

function round(value: number): number {
  return Math.round(value * 10) / 10;
}
