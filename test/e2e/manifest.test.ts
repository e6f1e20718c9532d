import { execFileSync } from 'node:child_process';
import t from 'tap';
import { type DockerRegistry, startDockerRegistry } from '../fixtures/docker-registry.js';
import { eachWorld } from '../fixtures/e2e/each-world.js';
import { WORLDS } from '../fixtures/e2e/worlds.js';

const registries: DockerRegistry[] = [];
t.teardown(() => Promise.all(registries.map(registry => registry.stop())));

async function registry(): Promise<string> {
  const started = await startDockerRegistry();
  registries.push(started);
  return started.host;
}

function raw(reference: string): { mediaType: string; manifests: Record<string, unknown>[] } {
  const args = ['inspect', '--raw', '--tls-verify=false', `docker://${reference}`];
  return JSON.parse(execFileSync('skopeo', args, { encoding: 'utf8' }));
}

const [range] = WORLDS;

eachWorld(
  [range].flatMap(spec => spec ?? []),
  'a list for several platforms: made, annotated, pushed, pulled',
  async (t, world) => {
    const [host, other] = [await registry(), await registry()];
    const build = async (arch: string): Promise<void> => {
      const context = world.files(arch, {
        Dockerfile: `FROM busybox\nCOPY arch /arch\nCMD ["cat", "/arch"]\n`,
        arch,
      });
      await world.ok(['build', '-q', '-t', `app:${arch}`, context]);
    };
    await build('amd64');
    await build('arm64');
    const out = async (...args: string[]): Promise<string> => (await world.ok(args)).stdout;
    const list = `${host}/team/app:1`;

    t.equal(await out('manifest', 'create', list, 'app:amd64'), `Created manifest list ${list}\n`);
    const again = await world.shale(['manifest', 'create', list, 'app:arm64']);
    t.equal(again.code, 1);
    t.match(again.stderr, 'refusing to amend an existing manifest list with no --amend flag');
    await world.ok(['manifest', 'create', '--amend', list, 'app:arm64']);
    await world.ok([
      'manifest',
      'annotate',
      '--os',
      'linux',
      '--arch',
      'arm64',
      '--variant',
      'v8',
      list,
      'app:arm64',
    ]);
    await world.ok(['manifest', 'annotate', '--annotation', 'who=me', list, 'app:amd64']);
    const shown = JSON.parse(await out('manifest', 'inspect', list));
    t.match(shown, {
      schemaVersion: 2,
      mediaType: 'application/vnd.oci.image.index.v1+json',
      manifests: [
        { platform: { os: 'linux' }, annotations: { who: 'me' } },
        { platform: { architecture: 'arm64', os: 'linux', variant: 'v8' } },
      ],
    });
    t.match(JSON.parse(await out('manifest', 'inspect', '-v', list)), [
      { Ref: 'app:amd64', OCIManifest: { schemaVersion: 2 } },
      { Ref: 'app:arm64', Descriptor: { platform: { variant: 'v8' } }, Raw: /^ey/ },
    ]);
    t.match((await world.shale(['rmi', 'app:arm64'])).stderr, 'manifest list', 'its images stay');
    t.equal((await world.shale(['manifest', 'annotate', list, 'nobody:x'])).code, 1);

    const digest = (await out('manifest', 'push', list)).trim();
    const pushed = raw(list);
    t.equal(pushed.manifests.length, 2);
    t.match(pushed.manifests, [{ annotations: { who: 'me' } }, { platform: { architecture: 'arm64' } }]);
    execFileSync('skopeo', [
      'copy',
      '-q',
      '--all',
      '--src-tls-verify=false',
      `docker://${list}`,
      `dir:${world.base}/copied`,
    ]);
    t.match(
      JSON.parse(await out('manifest', 'inspect', `${host}/team/app@${digest}`)),
      pushed,
      'a registry is asked',
    );

    const remote = JSON.parse(await out('manifest', 'inspect', '--verbose', `${host}/team/app@${digest}`));
    t.strictSame(
      remote.map(({ Descriptor }: { Descriptor: unknown }) => Descriptor),
      pushed.manifests,
      'the same of a registry',
    );
    t.match(remote[0], { Ref: new RegExp(`^${host}/team/app@sha256:`), OCIManifest: { layers: [{}, {}] } });

    // images that are in a registry only, to another registry
    await world.ok(['tag', 'app:amd64', `${host}/far/app:x`]);
    await world.ok(['push', '-q', `${host}/far/app:x`]);
    await world.ok(['rmi', `${host}/far/app:x`]);
    const far = `${other}/team/far:1`;
    await world.ok(['manifest', 'create', far, `${host}/far/app:x`]);
    await world.ok(['manifest', 'add', '--all', far, `${host}/team/app:1`]);
    await world.ok(['manifest', 'push', '--purge', far]);
    t.equal(raw(far).manifests.length, 2, 'the same image is in the list once');
    t.equal((await world.shale(['manifest', 'exists', far])).code, 1, 'purged');
    execFileSync('skopeo', [
      'copy',
      '-q',
      '--all',
      '--src-tls-verify=false',
      `docker://${far}`,
      `dir:${world.base}/far`,
    ]);

    await world.ok(['manifest', 'remove', list, 'app:arm64']);
    t.equal(JSON.parse(await out('manifest', 'inspect', list)).manifests.length, 1);
    await world.ok(['manifest', 'rm', list]);
    const gone = await world.shale(['manifest', 'rm', list]);
    t.equal(gone.code, 1);
    t.match(gone.stderr, `No such manifest: ${list}`);
    await world.ok(['rmi', 'app:arm64', 'app:amd64']);
    t.match((await world.ok(['fsck'])).stdout, /, 0 damaged/);
  },
);
