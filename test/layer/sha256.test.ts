import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { ResumableSha256 } from '../../lib/layer/index.js';
import { WasmCore, type WasmVariant } from '../../lib/layer/wasm/core.js';
import { WasmSha256 } from '../../lib/layer/wasm/sha256.js';
import { WasmSha256Many } from '../../lib/layer/wasm/sha256-many.js';
import { loadAddon, packageRoot } from '../../lib/util/addon.js';

const judge = (bytes: Uint8Array): string => `sha256:${createHash('sha256').update(bytes).digest('hex')}`;
const input = Buffer.from(Array.from({ length: 200_000 }, (_, i) => (i * 31 + (i >> 8)) & 255));
const lengths = [...Array(301).keys(), 4096, 65_535, 65_536, 65_537, 200_000];
const variants: WasmVariant[] = ['simd', 'plain'];

for (const variant of variants) {
  t.test(`WASM, ${variant}: one stream, in one part and in three`, async t => {
    const hash = new WasmSha256(WasmCore.load(variant));
    for (const length of lengths) {
      const bytes = input.subarray(0, length);
      const [a, b] = [Math.floor(length / 3), Math.floor(length / 2)];
      const whole = hash.reset().update(bytes).digest();
      hash.reset().update(bytes.subarray(0, a)).update(bytes.subarray(a, b));
      const parts = hash.restore(hash.save()).update(bytes.subarray(b)).digest();
      if (whole !== judge(bytes) || parts !== whole) t.fail(`${length} bytes`);
    }
    t.throws(() => hash.restore(Buffer.alloc(103)), RangeError);
  });

  t.test(`WASM, ${variant}: many inputs, more than one call takes`, async t => {
    const many = new WasmSha256Many(WasmCore.load(variant));
    const inputs = Array.from({ length: 700 }, (_, i) => input.subarray(i, i + ((i * 7919) % 5000)));
    t.same(digestsOf(many, inputs), inputs.map(judge));
    t.notOk(many.add(Buffer.alloc(256 * 1024 + 1)), 'an input that can never fit');
    t.equal(many.digests().length, 0);
  });
}

function digestsOf(many: WasmSha256Many, inputs: Uint8Array[]): string[] {
  const parts: Buffer[] = [];
  for (const input of inputs) {
    if (many.add(input)) continue;
    parts.push(many.digests());
    many.add(input);
  }
  const all = Buffer.concat([...parts, many.digests()]);
  return inputs.map((_, i) => `sha256:${all.toString('hex', 32 * i, 32 * i + 32)}`);
}

t.test('addon: parts, many inputs, and states that are refused', async t => {
  const { addon } = loadAddon();
  if (addon === undefined) return t.fail('the addon is not built');
  const inputs = lengths.map(length => input.subarray(0, length));
  const digests = addon.sha256Many(inputs);
  t.same(
    inputs.map((_, i) => `sha256:${digests.toString('hex', 32 * i, 32 * i + 32)}`),
    inputs.map(judge),
  );
  t.equal(`sha256:${addon.sha256([input, input]).toString('hex')}`, judge(Buffer.concat([input, input])));
  t.throws(() => addon.sha256Update(Buffer.alloc(103), input), /104 bytes/);
});

t.test('a state goes on where it was saved', async t => {
  const first = new ResumableSha256().update(input.subarray(0, 1000));
  const second = new ResumableSha256(first.save());
  t.equal(second.length, 1000);
  t.equal(second.digest(), judge(input.subarray(0, 1000)), 'a digest on the way');
  t.equal(second.update(input.subarray(1000)).digest(), judge(input));
  t.equal(first.digest(), judge(input.subarray(0, 1000)), 'they share nothing');
  t.throws(() => new ResumableSha256(Buffer.alloc(105)), RangeError);
});

t.test('both WASM variants are there, and only one needs SIMD', async t => {
  const sizes = ['shale.wasm', 'shale-simd.wasm'].map(
    name => readFileSync(join(packageRoot(), 'wasm', name)).length,
  );
  t.ok(sizes.every(size => size > 10_000));
  t.equal(WasmCore.load().variant, 'simd', 'this Node has SIMD');
});
