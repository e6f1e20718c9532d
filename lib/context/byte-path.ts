import type { BytePath } from '../layer/types.js';

/** The text of a path, for messages and patterns; bytes that are not UTF-8 become U+FFFD. */
export function pathText(path: BytePath): string {
  // Most names are ASCII, and then the two forms are one.
  return /[\x80-\xff]/.test(path) ? Buffer.from(path, 'latin1').toString('utf8') : path;
}

/** The bytes of a path that came as text. */
export function pathBytes(text: string): BytePath {
  return /[^\0-\x7f]/.test(text) ? Buffer.from(text, 'utf8').toString('latin1') : text;
}

export function joinPath(directory: BytePath, name: BytePath): BytePath {
  return directory === '' ? name : `${directory}/${name}`;
}

export function parentPath(path: BytePath): BytePath {
  const at = path.lastIndexOf('/');
  return at < 0 ? '' : path.slice(0, at);
}

export function baseName(path: BytePath): BytePath {
  return path.slice(path.lastIndexOf('/') + 1);
}

/** Components of a path with `.`, `..` and doubled slashes resolved; `..` stops at the root. */
export function pathComponents(path: string): string[] {
  const components: string[] = [];
  for (const component of path.split('/')) {
    if (component === '..') components.pop();
    else if (component !== '' && component !== '.') components.push(component);
  }
  return components;
}

/** By byte order of whole paths, a parent before its children: the order of layers. */
export function comparePaths(a: { path: BytePath }, b: { path: BytePath }): number {
  return a.path < b.path ? -1 : a.path > b.path ? 1 : 0;
}
