import type { FileHandle } from 'node:fs/promises';
import { Directory } from '../util/directory.js';
import { errnoCode } from '../util/errors.js';
import { type ImageFiles, invalid, type OpenMember } from './archive.js';

/** An image in a directory that may be a stranger's: links in it are not followed, and only regular files are read. */
export class DirectoryFiles implements ImageFiles {
  private constructor(private readonly directory: Directory) {}

  /** @throws OciError `OCI_ARCHIVE_INVALID` */
  static async open(path: string): Promise<DirectoryFiles> {
    try {
      return new DirectoryFiles(await Directory.open(path));
    } catch (error) {
      throw invalid(`open ${path}: ${reasonOf(error)}`);
    }
  }

  /** Of a directory that is open already, and stays so. */
  static of(directory: Directory): DirectoryFiles {
    return new DirectoryFiles(directory);
  }

  async has(member: string): Promise<boolean> {
    const file = await this.directory.openFile(member).catch(() => undefined);
    await file?.close();
    return file !== undefined;
  }

  async read(member: string, maxBytes: number): Promise<Buffer> {
    const file = await this.openFile(member);
    try {
      const { size } = await file.stat();
      if (size > maxBytes)
        throw invalid(`${JSON.stringify(member)} has ${size} bytes, more than ${maxBytes}`);
      return await readWhole(file, size, member);
    } finally {
      await file.close();
    }
  }

  async open(member: string): Promise<OpenMember> {
    const file = await this.openFile(member);
    const { size } = await file.stat();
    return { size, stream: file.createReadStream({ highWaterMark: 1 << 20 }) };
  }

  async close(): Promise<void> {
    await this.directory.close();
  }

  /** To be closed by the caller. @throws OciError `OCI_ARCHIVE_INVALID` */
  async openFile(member: string): Promise<FileHandle> {
    try {
      return await this.directory.openFile(member);
    } catch (error) {
      throw invalid(`open ${this.directory.path}/${member}: ${reasonOf(error)}`);
    }
  }
}

/** No more than was announced: the file may grow while it is read. */
async function readWhole(file: FileHandle, size: number, member: string): Promise<Buffer> {
  const bytes = Buffer.alloc(size);
  for (let at = 0; at < size; ) {
    const { bytesRead } = await file.read(bytes, at, size - at, at);
    if (bytesRead === 0) throw invalid(`it ends inside ${JSON.stringify(member)}`);
    at += bytesRead;
  }
  return bytes;
}

const REASONS: Readonly<Record<string, string>> = {
  ENOENT: 'no such file or directory',
  ENOTDIR: 'not a directory',
  EACCES: 'permission denied',
  ELOOP: 'it is a link, which may lead anywhere',
  EINVAL: 'not a regular file',
};

function reasonOf(error: unknown): string {
  const code = errnoCode(error) ?? '';
  return REASONS[code] ?? code;
}
