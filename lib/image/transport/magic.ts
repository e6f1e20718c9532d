import type { Compression } from '../../oci/index.js';
import type { ImageFiles } from '../archive.js';

/** What the first bytes of a member say of its compression. */
export async function compressionOfMember(files: ImageFiles, member: string): Promise<Compression> {
  const { stream } = await files.open(member);
  try {
    for await (const chunk of stream as AsyncIterable<Buffer>) return compressionOfBytes(chunk);
    return 'none';
  } finally {
    stream.destroy();
  }
}

function compressionOfBytes(bytes: Uint8Array): Compression {
  const starts = (...magic: number[]): boolean => magic.every((byte, at) => bytes[at] === byte);
  if (starts(0x1f, 0x8b)) return 'gzip';
  return starts(0x28, 0xb5, 0x2f, 0xfd) ? 'zstd' : 'none';
}
