import { type FileNode, imageTree as filesOf, type LayerNode, layerTree } from '../../api/look.js';
import type { ShaleOptions } from '../../api/options.js';
import { alignColumns } from '../../template/index.js';
import type { Command } from '../command.js';
import { invalidArgument } from '../flags.js';
import { printable } from '../progress/lines.js';
import { size } from '../table.js';

const DEFAULT_DEPTH = 2;

export const imageTree: Command = {
  name: 'image tree',
  summary: 'Show the files of an image with their sizes, or the images by shared layers',
  operands: '[IMAGE [PATH]]',
  arity: { min: 0, max: 2 },
  flags: [
    {
      name: 'depth',
      short: 'd',
      kind: 'string',
      value: 'NUMBER',
      help: 'How deep to go (default 2; 0: all)',
    },
    {
      name: 'limit',
      short: 'n',
      kind: 'string',
      value: 'NUMBER',
      help: 'Entries of one directory (default all)',
    },
    { name: 'json', kind: 'bool', help: 'Print one JSON document, of any depth' },
  ],
  examples: [
    'shale image tree debian /usr',
    'shale image tree --depth 4 --limit 10 me/app',
    'shale image tree',
  ],
  run: async ({ flags, operands, options }) => {
    const [image, path] = operands;
    const depth = count('depth', flags.string('depth') ?? String(DEFAULT_DEPTH));
    const limit = count('limit', flags.string('limit') ?? '0');
    if (image === undefined) return printLayerTree(options, flags.bool('json'));
    const root = await filesOf({ ...options, image, path });
    const text = flags.bool('json')
      ? JSON.stringify(root, undefined, 2)
      : fileLines(root, depth || Number.POSITIVE_INFINITY, limit || Number.POSITIVE_INFINITY).join('\n');
    process.stdout.write(`${text}\n`);
    return 0;
  },
};

function count(flag: string, text: string): number {
  if (/^\d{1,9}$/.test(text)) return Number(text);
  throw invalidArgument(text, `--${flag}`, 'not a number');
}

/** Sizes before names, aligned, so that `sort -h` can read them. */
function fileLines(root: FileNode, depth: number, limit: number): string[] {
  const lines: [size: string, text: string][] = [];
  const add = (node: FileNode, first: string, rest: string, left: number): void => {
    lines.push([node.type === 'dir' || node.type === 'file' ? size(node.size) : '-', first + nameOf(node)]);
    if (left === 0) return;
    const shown = node.children.slice(0, limit);
    const hidden = node.children.length - shown.length;
    for (const [at, child] of shown.entries()) {
      const last = at === shown.length - 1 && hidden === 0;
      add(child, `${rest}${last ? '└── ' : '├── '}`, `${rest}${last ? '    ' : '│   '}`, left - 1);
    }
    if (hidden > 0) {
      const bytes = node.children.slice(limit).reduce((sum, child) => sum + child.size, 0);
      lines.push([size(bytes), `${rest}└── (${hidden} more)`]);
    }
  };
  add(root, '', '', depth);
  const width = Math.max(...lines.map(([bytes]) => bytes.length));
  return lines.map(([bytes, text]) => `${bytes.padStart(width)}  ${text}`);
}

function nameOf({ name, type, link }: FileNode): string {
  const shown = printable(name.replaceAll('\n', ' '));
  if (type === 'dir') return name.endsWith('/') ? shown : `${shown}/`;
  return link === undefined ? shown : `${shown} -> ${printable(link.replaceAll('\n', ' '))}`;
}

/** `image tree` without an image, and `images --tree`. @returns the exit code */
export async function printLayerTree(options: ShaleOptions, json: boolean): Promise<number> {
  const roots = await layerTree(options);
  if (json) {
    process.stdout.write(`${JSON.stringify(roots, undefined, 2)}\n`);
    return 0;
  }
  const lines = ['IMAGE\tIMAGE ID\tLAYERS\tOWN SIZE\tSIZE'];
  const add = (node: LayerNode, first: string, rest: string): void => {
    lines.push(...layerLines(node, first, rest));
    for (const [at, child] of node.children.entries()) {
      const last = at === node.children.length - 1;
      add(child, `${rest}${last ? '└── ' : '├── '}`, `${rest}${last ? '    ' : '│   '}`);
    }
  };
  for (const root of roots) add(root, '', '');
  process.stdout.write(`${alignColumns(lines.join('\n'))}\n`);
  return 0;
}

/** A line for each image that ends here, or one for layers that only images above have in common. */
function layerLines(node: LayerNode, first: string, rest: string): string[] {
  const columns = `${node.layers}\t${size(node.size)}\t${size(node.total)}`;
  if (node.images.length === 0) return [`${first}(shared layers)\t\t${columns}`];
  const indent = node.children.length > 0 ? `${rest}│   ` : `${rest}    `;
  return node.images.flatMap((image, at) => {
    const names = image.names.length > 0 ? image.names : ['<none>'];
    return names.map((name, i) =>
      at === 0 && i === 0
        ? `${first}${name}\t${image.id.slice(7, 19)}\t${columns}`
        : `${indent.slice(0, -4)}${name}\t${image.id.slice(7, 19)}\t\t\t`,
    );
  });
}
