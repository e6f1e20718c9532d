import { goMatch } from '../../context/index.js';
import type { MergedIndex } from '../../layer/merged.js';
import type { BytePath } from '../../layer/types.js';
import { BuildError } from '../../util/errors.js';
import { componentsOf, fromBytePath, joinPath, toBytePath } from '../../util/paths.js';

/**
 * The paths that a source of COPY names: itself, or all that match when it holds a wildcard (Go's
 * `filepath.Match`, matched against the path below the part without wildcards; a directory that matches is not
 * searched further).
 *
 * @throws BuildError `BUILD_COPY_NOT_FOUND` when a source without wildcards is not there
 */
export function matchSources(index: MergedIndex, source: string): BytePath[] {
  const parts = componentsOf(source);
  const first = parts.findIndex(hasWildcard);
  if (first < 0) {
    const path = toBytePath(source);
    if (index.resolve(path).entry === undefined) {
      throw new BuildError(
        'BUILD_COPY_NOT_FOUND',
        `failed to calculate checksum: "/${parts.join('/')}": not found`,
        {
          hint: 'is the file there, and not excluded by .dockerignore?',
        },
      );
    }
    return [path];
  }
  const base = index.resolve(toBytePath(parts.slice(0, first).join('/'))).path;
  return matchBelow(index, base, '', parts.slice(first).join('/'));
}

function matchBelow(index: MergedIndex, dir: BytePath, relative: string, pattern: string): BytePath[] {
  return index.list(dir).flatMap(entry => {
    const below = joinPath(relative, entry.path.slice(entry.path.lastIndexOf('/') + 1));
    if (goMatch(pattern, fromBytePath(below))) return [entry.path];
    const deeper = entry.type === 'dir' && below.split('/').length < pattern.split('/').length;
    return deeper ? matchBelow(index, entry.path, below, pattern) : [];
  });
}

/** True when a component holds `*`, `?` or `[` that no backslash takes the meaning from. */
export function hasWildcard(component: string): boolean {
  return /[*?[]/.test(component.replace(/\\./gs, ''));
}
