import { readdir, readFile } from 'node:fs/promises';
import t from 'tap';
import { normalizeReference, parsePlatform } from '../../lib/oci/index.js';
import { pullImage, RegistryClient } from '../../lib/registry/index.js';
import { isShaleError } from '../../lib/util/errors.js';
import { FakeRegistry } from '../fixtures/fake-registry.js';
import {
  BLOB_MODES,
  BUSY_MODES,
  type HostileMode,
  MANIFEST_MODES,
  REDIRECT_MODES,
} from '../fixtures/hostile-pull.js';
import { makeImage, TestContent } from '../fixtures/memory-content.js';

const SECRET = 'hunter2';
/** What real use waits minutes for. */
const HASTY = {
  retry: { attempts: 4, baseDelay: 5, rateWindow: 300 },
  timeouts: { connect: 1000, headers: 400, idle: 500 },
};

async function pullThrough(t: { teardown: (end: () => unknown) => void }, mode: HostileMode) {
  const evil = await FakeRegistry.start();
  const registry = await FakeRegistry.start({ basic: `ann:${SECRET}` });
  const content = await TestContent.create();
  t.teardown(() => Promise.all([evil.stop(), registry.stop(), content.remove()]));
  const image = makeImage([100, 60_000]);
  registry.add(image, 'app:1');
  registry.override = mode.override({ image, evil });
  const credentials = { username: 'ann', password: SECRET };
  const client = new RegistryClient({ domain: registry.host, credentials, plainHttp: true, ...HASTY });
  t.teardown(() => client.close());
  const reference = normalizeReference(`${registry.host}/app:1`);
  const platform = parsePlatform('linux/amd64');
  const result = await pullImage(client, reference, { platform, content }).catch((error: unknown) => error);
  return { result, evil, registry, content, image };
}

function testMode(name: string, mode: HostileMode): void {
  t.test(name, async t => {
    const { result, evil, registry, content, image } = await pullThrough(t, mode);
    if (mode.outcome === 'ok') {
      t.notOk(result instanceof Error, String(result));
      t.ok(content.committed.includes(image.manifest.digest));
    } else {
      if (!isShaleError(result)) throw new Error(`no error of ours: ${String(result)}`);
      t.match(result.code, mode.outcome, result.message);
      t.notMatch(
        `${result.message}${result.hint}${result.stack}${JSON.stringify(result)}`,
        /hunter2|X-Signature/,
      );
      t.notMatch(result.message, /[\u0000-\u001f\u007f]/, 'fit for a terminal');
      t.ok(result.message.length < 2000);
      t.notOk(content.committed.includes(image.manifest.digest), 'no image is recorded');
    }
    t.same(
      evil.requests.filter(r => r.authorization !== undefined),
      [],
      'no secret leaves',
    );
    if (mode.evil === 'none') t.equal(evil.requests.length, 0);
    t.ok(registry.requests.length < 40, `${registry.requests.length} requests`);
    if (isShaleError(result) && /DIGEST_MISMATCH|SIZE_MISMATCH/.test(result.code)) {
      for (const file of await readdir(content.root)) {
        if (file.endsWith('.partial'))
          t.equal((await readFile(`${content.root}/${file}`)).length, 0, 'a lie leaves nothing');
      }
    }
  });
}

for (const modes of [MANIFEST_MODES, BLOB_MODES, REDIRECT_MODES, BUSY_MODES]) {
  for (const [name, mode] of Object.entries(modes)) testMode(name, mode);
}
