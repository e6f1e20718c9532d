/** Components of a path with `.`, `..` and doubled slashes resolved; `..` stops at the root. */
export function componentsOf(path: string): string[] {
  const parts: string[] = [];
  for (const part of path.split('/')) {
    if (part === '..') parts.pop();
    else if (part !== '' && part !== '.') parts.push(part);
  }
  return parts;
}

/** Go's `path.Join('/', path)`: absolute, without `.`, `..`, doubled or trailing slashes; never above the root. */
export function cleanAbsolute(path: string): string {
  return `/${componentsOf(path).join('/')}`;
}

/** Text (UTF-8) to a string of bytes, the form of names in layers; a leading slash is dropped and `..` resolved. */
export function toBytePath(path: string): string {
  return Buffer.from(cleanAbsolute(path).slice(1), 'utf8').toString('latin1');
}

/** A string of bytes to text, for people and for JSON. */
export function fromBytePath(path: string): string {
  // most names are ASCII, and then the two forms are one
  return /[\x80-\xff]/.test(path) ? Buffer.from(path, 'latin1').toString('utf8') : path;
}

/** The directory that holds a byte path; `''` for what lies in the root. */
export function parentOf(path: string): string {
  const slash = path.lastIndexOf('/');
  return slash < 0 ? '' : path.slice(0, slash);
}

export function baseOf(path: string): string {
  return path.slice(path.lastIndexOf('/') + 1);
}

export function joinPath(directory: string, name: string): string {
  if (directory === '') return name;
  return name === '' ? directory : `${directory}/${name}`;
}
