// What is measured: trees whose bytes are the same on every run.
import { closeSync, mkdirSync, openSync, readFileSync, writeFileSync, writeSync } from 'node:fs';
import { join } from 'node:path';

/** A small generator (xorshift32): the same numbers everywhere. */
function generator(seed) {
  let state = seed;
  return limit => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) % limit;
  };
}

const WORDS =
  'const return import function export value index module error length buffer string number path'.split(' ');

/** Text as compressible as source code. */
function text(random, size) {
  let made = '';
  while (made.length < size) {
    made += `${WORDS[random(WORDS.length)]} ${random(1 << 20).toString(36)}${random(6) === 0 ? ';\n' : ' '}`;
  }
  return made.slice(0, size);
}

/** `count` files of 0.5 to 9 kB in directories of 50, as in node_modules. @returns {number} bytes of content */
export function smallFiles(dir, count) {
  const random = generator(20_000);
  const pool = text(random, 1 << 20);
  let bytes = 0;
  for (let i = 0; i < count; i++) {
    const parent = join(dir, `package-${Math.floor(i / 500)}`, `lib-${Math.floor(i / 50)}`);
    if (i % 50 === 0) mkdirSync(parent, { recursive: true });
    const size = 512 + random(8 * 1024);
    const start = random(pool.length - size);
    writeFileSync(join(parent, `file-${i}.js`), pool.slice(start, start + size));
    bytes += size;
  }
  return bytes;
}

/** Files of about 95 MB: machine code, which is what fills large layers. @returns {number} bytes of content */
export function largeFiles(dir, megabytes) {
  const code = readFileSync(process.execPath).subarray(0, 95e6);
  mkdirSync(dir, { recursive: true });
  let left = megabytes * 1e6;
  for (let i = 0; left > 0; i++) {
    const part = code.subarray(0, left);
    const fd = openSync(join(dir, `library-${i}.so`), 'w');
    for (let at = 0; at < part.length; ) at += writeSync(fd, part, at);
    closeSync(fd);
    left -= part.length;
  }
  return megabytes * 1e6;
}
