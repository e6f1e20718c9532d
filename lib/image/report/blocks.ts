import type { LayerFile } from '../analysis/layers.js';

/** A file or directory of one layer, with the bytes in it. */
export interface Block {
  name: string;
  path: string;
  size: number;
  /** bytes that layers above hide */
  hidden: number;
  /** by name; empty for a file */
  children: Map<string, Block>;
}

/** The files of a layer as a tree. */
export function blockTree(files: readonly LayerFile[]): Block {
  const root: Block = { name: '', path: '', size: 0, hidden: 0, children: new Map() };
  for (const file of files) {
    if (file.size === 0) continue;
    let at = root;
    weigh(at, file);
    for (const name of file.path.split('/').filter(Boolean)) {
      at = childOf(at, name);
      weigh(at, file);
    }
  }
  return root;
}

function weigh(block: Block, { size, hiddenBy }: LayerFile): void {
  block.size += size;
  if (hiddenBy !== undefined) block.hidden += size;
}

function childOf(block: Block, name: string): Block {
  let child = block.children.get(name);
  if (child === undefined) {
    child = { name, path: `${block.path}/${name}`, size: 0, hidden: 0, children: new Map() };
    block.children.set(name, child);
  }
  return child;
}

/** The largest first. A directory with one child stands for both: `usr/lib` is one block. */
export function childBlocks(block: Block): Block[] {
  return [...block.children.values()].map(joined).sort((a, b) => b.size - a.size);
}

function joined(block: Block): Block {
  const [only, other] = block.children.values();
  if (only === undefined || other !== undefined) return block;
  const below = joined(only);
  return { ...below, name: `${block.name}/${below.name}` };
}
