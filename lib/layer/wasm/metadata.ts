import { fchmodSync, fchownSync, fstatSync, futimesSync, lchownSync, lutimesSync } from 'node:fs';
import { errnoCode } from '../../util/errors.js';
import type { LayerEntry } from '../types.js';
import { at, atForProgram, failure, ioFailure, nameOf } from './dirs.js';
import { isPrivateXattr, setXattr } from './xattr.js';

export type Metadata = Pick<LayerEntry, 'mode' | 'uid' | 'gid' | 'mtime' | 'xattrs'>;

/**
 * Sets owner, mode, attributes and times, in the order that keeps them: chown clears setuid and capabilities, so
 * chmod and attributes follow it.
 */
export class MetadataWriter {
  readonly warnings = new Set<string>();
  readonly #keepOwners: boolean;

  constructor(keepOwners: boolean) {
    this.#keepOwners = keepOwners;
  }

  /** For an open file or directory, which lies as `path` in the open directory `dir`. */
  apply(fd: number, dir: number, path: string, metadata: Metadata): void {
    try {
      if (this.#keepOwners) fchownSync(fd, metadata.uid, metadata.gid);
    } catch (error) {
      throw ownerRefused(path, metadata, error);
    }
    try {
      fchmodSync(fd, metadata.mode);
      this.#setXattrs(dir, nameOf(path), metadata);
      futimesSync(fd, time(metadata), time(metadata));
    } catch (error) {
      throw ioFailure('cannot set the metadata of a file', path, error);
    }
  }

  /** For what cannot be opened: links, devices, FIFOs; their mode was given when they were made. */
  applyAt(dir: number, path: string, metadata: Metadata): void {
    const file = at(dir, nameOf(path));
    try {
      if (this.#keepOwners) lchownSync(file, metadata.uid, metadata.gid);
    } catch (error) {
      throw ownerRefused(path, metadata, error);
    }
    try {
      this.#setXattrs(dir, nameOf(path), metadata);
      lutimesSync(file, time(metadata), time(metadata));
    } catch (error) {
      throw ioFailure('cannot set the metadata of a file', path, error);
    }
  }

  #setXattrs(dir: number, name: string, metadata: Metadata): void {
    for (const [key, value] of Object.entries(metadata.xattrs ?? {})) {
      // An image that could set these would redirect names of the merged tree to files of its choice.
      if (isPrivateXattr(key) || setXattr(atForProgram(dir, name), key, value)) continue;
      this.warnings.add(`extended attributes ${key} were left out: not permitted or not supported here`);
    }
  }
}

/** Node takes a negative number for "now"; a Date before 1970 it takes as it is. */
function time({ mtime }: Metadata): number | Date {
  return mtime < 0 ? new Date(mtime * 1000) : mtime;
}

function ownerRefused(path: string, metadata: Metadata, error: unknown): unknown {
  const ids = `${metadata.uid}:${metadata.gid}`;
  if (errnoCode(error) === 'EINVAL') {
    return failure('LAYER_ID_UNMAPPED', `the owner ${ids} has no id in this user namespace`, path);
  }
  return failure('LAYER_OWNER_REFUSED', `cannot give a file to ${ids}: ${errnoCode(error)}`, path);
}

/** What an existing file or directory has. */
export function metadataOf(fd: number): Metadata {
  const stat = fstatSync(fd);
  return { mode: stat.mode & 0o7777, uid: stat.uid, gid: stat.gid, mtime: stat.mtimeMs / 1000 };
}
