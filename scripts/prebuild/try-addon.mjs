// What the addon in SHALE_ADDON makes of a directory, in one line: the same on every platform.
//   try-addon.mjs DIRECTORY
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { loadEngine } from '../../dist/layer/index.js';

const scratch = mkdtempSync(join(tmpdir(), 'shale-try-'));
try {
  const engine = await loadEngine('native');
  const made = [];
  for (const compression of ['gzip', 'zstd']) {
    const path = join(scratch, compression);
    const written = await engine.writeLayer(
      { kind: 'tree', root: process.argv[2] },
      { blob: { path, compression } },
    );
    const read = await engine.applyLayer({ blobPath: path, compression, expect: { diffId: written.diffId } });
    made.push(written.diffId, written.blob?.digest, read.entries.length);
  }
  console.log(made.join(' '));
} finally {
  rmSync(scratch, { recursive: true });
}
