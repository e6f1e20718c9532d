import { execFile, spawn } from 'node:child_process';
import { lstat, readFile, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { type AddressInfo, createServer } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import t, { type Test } from 'tap';
import { normalizeReference, parsePlatform } from '../../lib/oci/index.js';
import { pullImage, RegistryClient } from '../../lib/registry/index.js';
import { sha256 } from '../../lib/util/digest.js';
import { FakeRegistry, type Override } from '../fixtures/fake-registry.js';
import { makeImage, TestContent } from '../fixtures/memory-content.js';

const platform = parsePlatform('linux/amd64');

async function setUp(t: Test, size = 200_000, override?: Override) {
  const registry = await FakeRegistry.start({ override });
  const image = makeImage([size]);
  registry.add(image, 'app:1');
  const [layer] = image.layers;
  const bytes = layer && image.blobs.get(layer.digest);
  if (layer === undefined || bytes === undefined) throw new Error('no layer');
  const client = new RegistryClient({ domain: registry.host, retry: { attempts: 3, baseDelay: 5 } });
  t.teardown(() => Promise.all([registry.stop(), client.close()]));
  const path = join(t.testdir(), 'partial');
  return { registry, image, layer, bytes, client, path };
}

t.test('what an earlier process left is not fetched again', async t => {
  const { registry, layer, bytes, client, path } = await setUp(t);
  await writeFile(path, bytes.subarray(0, 150_000));
  await client.fetchBlob('app', layer, { path });
  t.same(
    registry.requests.filter(r => r.url.includes('/blobs/')).map(r => r.headers.range),
    ['bytes=150000-'],
  );
  t.equal(sha256(await readFile(path)), layer.digest);
  registry.requests.length = 0;
  await client.fetchBlob('app', layer, { path });
  t.equal(registry.requests.length, 0, 'a complete file needs no request, but is verified');
});

t.test('a beginning that is damaged, or too long, costs a download and no more', async t => {
  const { layer, bytes, client, path, registry } = await setUp(t);
  for (const start of [Buffer.alloc(1000), Buffer.alloc(bytes.length), Buffer.alloc(bytes.length + 1)]) {
    await writeFile(path, start);
    registry.requests.length = 0;
    await client.fetchBlob('app', layer, { path });
    t.equal(sha256(await readFile(path)), layer.digest);
    t.ok(registry.requests.length <= 2);
  }
});

t.test('an empty blob', async t => {
  const { client, path, registry } = await setUp(t);
  const empty = { mediaType: 'x', digest: sha256(''), size: 0 };
  await client.fetchBlob('app', empty, { path });
  t.equal((await stat(path)).size, 0);
  t.equal(registry.requests.length, 0);
  await t.rejects(client.fetchBlob('app', { ...empty, digest: sha256('x') }, { path }), {
    code: 'REGISTRY_DIGEST_MISMATCH',
  });
});

t.test('a partial file that is a symbolic link is not followed', async t => {
  const { client, layer, registry } = await setUp(t);
  const dir = t.testdir({ victim: 'precious', partial: t.fixture('symlink', 'victim') });
  await t.rejects(client.fetchBlob('app', layer, { path: join(dir, 'partial') }), { code: 'ELOOP' });
  t.equal(await readFile(join(dir, 'victim'), 'utf8'), 'precious');
  t.equal(registry.count('GET', /blobs/), 0);
});

t.test('a process that is killed in the middle; the next one goes on', async t => {
  const slow: Override = (request, response, self) => {
    const bytes = self.blobs.get(request.url?.split('/blobs/')[1] ?? '');
    if (bytes === undefined || bytes.length < 100_000 || request.headers.range !== undefined) return false;
    response.writeHead(200, { 'content-length': String(bytes.length) });
    response.write(bytes.subarray(0, 2_500_000));
    return true;
  };
  const { registry, layer, client, path } = await setUp(t, 3_000_000, slow);
  const script = `
    import { RegistryClient } from ${JSON.stringify(join(import.meta.dirname, '../../lib/registry/index.ts'))};
    const client = new RegistryClient({ domain: ${JSON.stringify(registry.host)} });
    await client.fetchBlob('app', ${JSON.stringify(layer)}, { path: ${JSON.stringify(path)} });
  `;
  const child = spawn(process.execPath, [...process.execArgv, '--input-type=module', '-e', script], {
    stdio: 'ignore',
  });
  for (let tries = 0; tries < 200; tries++) {
    if (((await stat(path).catch(() => undefined))?.size ?? 0) > 1_500_000) break;
    await sleep(50);
  }
  child.kill('SIGKILL');
  await new Promise(done => child.once('exit', done));
  const { size } = await stat(path);
  t.ok(size > 1_500_000 && size <= 2_500_000, `${size} bytes were left`);
  await client.fetchBlob('app', layer, { path });
  t.equal(registry.requests.at(-1)?.headers.range, `bytes=${size}-`);
  t.equal(sha256(await readFile(path)), layer.digest);
});

/** A registry that breaks off once, after `part` bytes. */
async function broken(t: Test, size: number, part: number) {
  const breaking: Override = (request, response, self) => {
    const bytes = self.blobs.get(request.url?.split('/blobs/')[1] ?? '');
    if (bytes === undefined || bytes.length < 100_000 || request.headers.range !== undefined) return false;
    response.writeHead(200, { 'content-length': String(bytes.length) });
    response.write(bytes.subarray(0, part), () => response.destroy());
    return true;
  };
  const world = await setUp(t, size, breaking);
  const impatient = new RegistryClient({ domain: world.registry.host, retry: { attempts: 1, baseDelay: 5 } });
  t.teardown(() => impatient.close());
  await t.rejects(impatient.fetchBlob('app', world.layer, { path: world.path }), {
    code: 'REGISTRY_CONNECTION_LOST',
  });
  return { ...world, state: `${world.path}.sha256` };
}

t.test('a broken transfer goes on without hashing again what it has', async t => {
  const { client, layer, path, state, registry } = await broken(t, 3_000_000, 2_500_000);
  const { of } = JSON.parse(await readFile(state, 'utf8'));
  const { size, ino } = await stat(path);
  t.ok(of.includes(` ${ino} ${size} `), 'the record names the file');
  await client.fetchBlob('app', layer, { path });
  t.equal(registry.requests.at(-1)?.headers.range, `bytes=${size}-`);
  t.equal(sha256(await readFile(path)), layer.digest);
  await t.rejects(stat(state), { code: 'ENOENT' }, 'used once');
});

t.test('a state that does not belong to the file as it is, is not believed', async t => {
  const { client, layer, bytes, path, state } = await broken(t, 3_000_000, 2_500_000);
  const saved = await readFile(state);
  const { size } = await stat(path);
  const spoil: Record<string, () => Promise<void>> = {
    'the file was written to, its size the same': () => writeFile(path, Buffer.alloc(size)),
    'the file is longer': () => writeFile(path, bytes.subarray(0, size + 1)),
    'the record is cut': () => writeFile(state, saved.subarray(0, 100)),
    'the record is no record': () => writeFile(state, 'null'),
    'the record is huge': () => writeFile(state, Buffer.alloc(10_000_000, '{')),
    'the record is a link': async () => symlink('/dev/zero', state),
  };
  for (const [name, change] of Object.entries(spoil)) {
    await writeFile(path, bytes.subarray(0, size));
    await rm(state, { force: true });
    if (!name.includes('link')) await writeFile(state, saved);
    await change();
    await client.fetchBlob('app', layer, { path });
    t.equal(sha256(await readFile(path)), layer.digest, name);
    await t.rejects(lstat(state), { code: 'ENOENT' });
  }
});

// That the state is used at all shows here: had the file been hashed again, the forgery would not have mattered.
t.test('a forged state for an unchanged file costs a download, and lets nothing wrong through', async t => {
  const { client, layer, path, state, registry } = await broken(t, 3_000_000, 2_500_000);
  const record = JSON.parse(await readFile(state, 'utf8'));
  const forged = Buffer.from(record.state, 'base64');
  forged[0] = (forged[0] ?? 0) ^ 1;
  await writeFile(state, JSON.stringify({ ...record, state: forged.toString('base64') }));
  registry.override = undefined;
  await client.fetchBlob('app', layer, { path });
  t.equal(sha256(await readFile(path)), layer.digest);
  t.equal(registry.requests.at(-1)?.headers.range, undefined, 'fetched again from the start');
});

t.test('a disk that is full: its error, and the next try goes on', async t => {
  const { registry, layer, client, path } = await setUp(t, 3_000_000);
  // A limit of the process instead of a disk, set when everything is loaded.
  const script = `
    import { execFileSync } from 'node:child_process';
    import { RegistryClient } from ${JSON.stringify(join(import.meta.dirname, '../../lib/registry/index.ts'))};
    const client = new RegistryClient({ domain: ${JSON.stringify(registry.host)} });
    process.on('SIGXFSZ', () => {}); // Node ignores it by itself; the test runner's loader does not.
    execFileSync('prlimit', ['--pid', String(process.pid), '--fsize=1024000']);
    const fetched = client.fetchBlob('app', ${JSON.stringify(layer)}, { path: ${JSON.stringify(path)} });
    await fetched.catch(error => console.log(error.code));
    process.exit();
  `;
  const output = await new Promise<string>(done => {
    const args = [...process.execArgv, '--input-type=module', '-e', script];
    execFile(process.execPath, args, (error, stdout, stderr) => done(stdout || `${error}${stderr}`));
  });
  t.equal(output, 'EFBIG\n');
  const { size } = await stat(path);
  t.ok(size <= 1_024_000);
  await client.fetchBlob('app', layer, { path });
  t.equal(registry.requests.at(-1)?.headers.range, size === 0 ? undefined : `bytes=${size}-`);
  t.equal(sha256(await readFile(path)), layer.digest);
  await t.rejects(client.fetchBlob('app', layer, { path: '/dev/full' }), { code: 'REGISTRY_PARTIAL_FILE' });
});

t.test('an abort in the middle of a pull: its reason, and no image', async t => {
  const silent: Override = (request, response, self) => {
    const bytes = self.blobs.get(request.url?.split('/blobs/')[1] ?? '');
    if (bytes === undefined || bytes.length < 100_000) return false;
    response.writeHead(200, { 'content-length': String(bytes.length) });
    response.write(bytes.subarray(0, 1000));
    return true;
  };
  const { registry, client, image } = await setUp(t, 200_000, silent);
  const content = await TestContent.create();
  t.teardown(() => content.remove());
  const abort = new AbortController();
  const reason = new Error('enough');
  setTimeout(() => abort.abort(reason), 200);
  const options = { platform, content, signal: abort.signal };
  const error = await pullImage(client, normalizeReference(`${registry.host}/app:1`), options).catch(e => e);
  t.equal(error, reason);
  t.notOk(content.committed.includes(image.manifest.digest));
});

t.test('a host that accepts and says nothing ends in time, also while it is asked for TLS', async t => {
  const silent = createServer(socket => socket.resume());
  await new Promise<void>(done => silent.listen(0, '127.0.0.1', done));
  const domain = `127.0.0.1:${(silent.address() as AddressInfo).port}`;
  const client = new RegistryClient({ domain, timeouts: { connect: 300, headers: 300 } });
  t.teardown(() => client.close());
  t.teardown(() => silent.close());
  await t.rejects(client.getManifest('app', '1'), { code: 'REGISTRY_TIMEOUT', message: /for a connection/ });
});

t.test('nobody listens', async t => {
  const client = new RegistryClient({ domain: '127.0.0.1:1' });
  await t.rejects(client.getManifest('app', '1'), {
    code: 'REGISTRY_UNREACHABLE',
    message: /127\.0\.0\.1:1/,
  });
  const strict = new RegistryClient({ domain: 'no such host' });
  await t.rejects(strict.getManifest('app', '1'), { code: 'REGISTRY_UNREACHABLE' });
});

t.test('plain HTTP is for loopback alone', async t => {
  const { registry } = await setUp(t);
  // The same server under a name that is not loopback: TLS is insisted on.
  const client = new RegistryClient({ domain: registry.host, plainHttp: false });
  t.teardown(() => client.close());
  await t.rejects(client.getManifest('app', '1'), { code: 'REGISTRY_TLS' });
  t.equal(registry.requests.length, 0);
});

t.test('a process ends when its work is done, although connections are kept', async t => {
  const { registry } = await setUp(t);
  const script = `
    import { RegistryClient } from ${JSON.stringify(join(import.meta.dirname, '../../lib/registry/index.ts'))};
    await new RegistryClient({ domain: ${JSON.stringify(registry.host)} }).getManifest('app', '1');
    console.log('done');
  `;
  const started = Date.now();
  const output = await new Promise<string>((done, fail) => {
    const args = [...process.execArgv, '--input-type=module', '-e', script];
    execFile(process.execPath, args, { timeout: 60_000 }, (error, stdout) =>
      error ? fail(error) : done(stdout),
    );
  });
  t.equal(output, 'done\n');
  t.ok(Date.now() - started < 20_000);
});
