import type { BytePath, SourceEntry } from '../../layer/types.js';
import { cleanAbsolute, joinPath, parentOf } from '../../util/paths.js';
import type { CopySource } from './copy.js';
import type { Destination } from './destination.js';
import { type Owner, ROOT } from './owner.js';

/**
 * Unpacks an archive over a directory of the destination, as ADD does: directories are merged and take the
 * archive's metadata, links on the way to an entry are followed, and anything else that is in the way is replaced.
 *
 * @param owner absent: the archive's own ids
 */
export function extractArchive(
  archive: CopySource,
  into: Destination,
  destination: string,
  owner: Owner | undefined,
  directoryTime: number,
): void {
  const wanted = Buffer.from(cleanAbsolute(destination).slice(1)).toString('latin1');
  into.makeDirectories(wanted, 0o755, owner ?? ROOT, directoryTime);
  const root = into.resolve(wanted);
  const links = new Map<string, BytePath>();
  for (const entry of archive.index.walk('')) {
    if (entry.path === '') continue;
    const target = placeOf(into, joinPath(root, entry.path));
    const { layer: _layer, offset, ...kept } = entry;
    const written: SourceEntry = { ...kept, path: target, ...(owner ?? {}) };
    const first = entry.type === 'file' ? links.get(String(offset)) : undefined;
    if (first !== undefined) {
      into.put({ ...written, type: 'hardlink', link: first, size: 0 });
      continue;
    }
    if (entry.type === 'file') links.set(String(offset), target);
    into.put(entry.type === 'file' ? { ...written, ...archive.content(entry) } : written);
  }
}

/** The path with the links on the way followed, the last component itself not. */
function placeOf(into: Destination, path: BytePath): BytePath {
  return joinPath(into.resolve(parentOf(path)), path.slice(path.lastIndexOf('/') + 1));
}
