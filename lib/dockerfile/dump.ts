import { quote } from './text.js';
import type { DockerfileNode, DockerfileTree } from './types.js';

function dumpNode(node: DockerfileNode): string {
  const words = [node.name.toLowerCase()];
  if (node.flags.length > 0) words.push(`[${node.flags.map(quote).join(' ')}]`);
  if (node.trigger !== undefined) words.push(`(${dumpNode(node.trigger)})`);
  else words.push(...node.args.map(quote));
  return words.join(' ');
}

/** The tree as S-expressions, one instruction a line, in the notation of BuildKit's own parser tests. */
export function dumpTree(tree: DockerfileTree): string {
  return tree.nodes.map(node => `(${dumpNode(node)})\n`).join('');
}
