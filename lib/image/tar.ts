/** What a tar entry of an archive that we write can be; everything else of a header is fixed, so that equal images give equal archives. */
export interface ArchiveEntry {
  /** at most 100 bytes of ASCII; directories end with a slash */
  path: string;
  /** bytes */
  size: number;
}

const BLOCK = 512;
/** Largest size that eleven octal digits hold. */
const MAX_OCTAL = 0o77777777777;

/** The header block of a file or directory: mode 0644 or 0755, owner 0:0, time 0. */
export function tarHeader({ path, size }: ArchiveEntry): Buffer {
  const isDirectory = path.endsWith('/');
  const header = Buffer.alloc(BLOCK);
  header.write(path, 0, 100, 'latin1');
  header.write(isDirectory ? '0000755\0' : '0000644\0', 100, 'latin1');
  header.write('0000000\0', 108, 'latin1');
  header.write('0000000\0', 116, 'latin1');
  writeSize(header, size);
  header.write('00000000000\0', 136, 'latin1');
  header.write('        ', 148, 'latin1');
  header.write(isDirectory ? '5' : '0', 156, 'latin1');
  header.write('ustar\x0000', 257, 'latin1');
  const sum = header.reduce((total, byte) => total + byte, 0);
  header.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148, 'latin1');
  return header;
}

/** Base-256 beyond 8 GiB, which GNU tar and Go read, where a PAX record would need an entry of its own. */
function writeSize(header: Buffer, size: number): void {
  if (size <= MAX_OCTAL) {
    header.write(`${size.toString(8).padStart(11, '0')}\0`, 124, 'latin1');
    return;
  }
  header[124] = 0x80;
  header.writeBigUInt64BE(BigInt(size), 128);
}

/** The zeros that fill the last block of a file. */
export function tarPadding(size: number): Buffer {
  return Buffer.alloc((BLOCK - (size % BLOCK)) % BLOCK);
}

/** The two zero blocks at the end. */
export const TAR_END = Buffer.alloc(2 * BLOCK);
