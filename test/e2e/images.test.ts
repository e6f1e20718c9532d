import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { busyboxTar } from '../fixtures/e2e/busybox.js';
import { eachWorld } from '../fixtures/e2e/each-world.js';
import { WORLDS } from '../fixtures/e2e/worlds.js';
import { serve } from '../fixtures/http-server.js';

const [range, , , single] = WORLDS;

eachWorld(
  [range, single].flatMap(spec => spec ?? []),
  "other people's tools read, verify and run what we write",
  async (t, world) => {
    const context = world.files('context', {
      Dockerfile:
        'FROM busybox\nRUN echo x > /x; rm /bin/sed; ln -s x /link; ln /x /hard; chmod 4755 /x\nCOPY Dockerfile /\nCMD ["cat", "/x"]\n',
    });
    await world.ok(['build', '-t', 'judged', context]);
    const at = (name: string): string => join(world.base, name);
    await world.ok(['save', '-o', at('docker.tar'), 'judged']);
    await world.ok(['save', '--format', 'oci-archive', '-o', at('oci.tar'), 'judged']);
    for (const source of [`docker-archive:${at('docker.tar')}`, `oci-archive:${at('oci.tar')}`]) {
      const copy = at(`copy-${source.split(':')[0]}`);
      execFileSync('skopeo', ['copy', '-q', source, `oci:${copy}:judged`]);
      execFileSync('umoci', ['unpack', '--rootless', '--image', `${copy}:judged`, `${copy}-bundle`]);
      const bundle = `${copy}-bundle/rootfs`;
      t.equal(readFileSync(join(bundle, 'link'), 'utf8'), 'x\n', `umoci unpacks ${source}`);
      t.notOk(existsSync(join(bundle, 'bin/sed')), 'the whiteout works');
    }
    const root = at('podman');
    const podman = (...args: string[]): string => {
      const storage = [
        '--root',
        root,
        '--runroot',
        `${root}-run`,
        '--storage-driver',
        'vfs',
        '--cgroup-manager',
        'cgroupfs',
      ];
      return execFileSync('podman', [...storage, ...args], {
        encoding: 'utf8',
        stdio: ['ignore', 'pipe', 'ignore'],
      });
    };
    t.match(podman('load', '-i', at('docker.tar')), /judged/);
    t.match(podman('inspect', '--type', 'image', '--format', '{{.Config.Cmd}}', 'judged'), '[cat /x]');
    t.equal(
      podman(
        'run',
        '--rm',
        '--runtime',
        'runc',
        '--network',
        'none',
        '--ulimit',
        'nofile=1024:1024',
        '--ulimit',
        'nproc=1000:1000',
        'judged',
      ),
      'x\n',
      'podman runs it',
    );

    const listed = JSON.parse(readFileSync(join(world.store, 'index.json'), 'utf8')).manifests;
    t.ok(listed.length > 0, 'the store is an OCI layout');
    const names = listed.map(
      (entry: { annotations: Record<string, string> }) =>
        entry.annotations['org.opencontainers.image.ref.name'],
    );
    execFileSync('skopeo', ['copy', '-q', `oci:${world.store}:${names[0]}`, `dir:${at('from-layout')}`]);
  },
);

eachWorld(
  [range].flatMap(spec => spec ?? []),
  'what others write is loaded and run',
  async (t, world) => {
    const at = (name: string): string => join(world.base, name);
    await world.ok(['save', '-o', at('busybox.tar'), 'busybox']);
    execFileSync('skopeo', [
      'copy',
      '-q',
      `docker-archive:${at('busybox.tar')}`,
      `oci-archive:${at('oci.tar')}:other:tag`,
    ]);
    execFileSync('sh', ['-c', `zstd -q ${at('busybox.tar')} && gzip -k ${at('oci.tar')}`]);
    await world.ok(['rmi', '-f', 'busybox']);
    for (const archive of ['busybox.tar', 'busybox.tar.zst', 'oci.tar', 'oci.tar.gz']) {
      const { stdout } = await world.ok(['load', '-i', at(archive)]);
      t.match(stdout, /Loaded image/, archive);
    }
    const { stdout } = await world.ok(['load'], { input: readFileSync(at('busybox.tar')) });
    t.match(stdout, 'Loaded image: busybox:latest');
    t.equal((await world.ok(['run', '--rm', 'busybox', 'echo', 'hi'])).stdout, 'hi\n');
  },
);

eachWorld(
  [range].flatMap(spec => spec ?? []),
  "lists, names and removals in docker's words",
  async (t, world) => {
    const context = world.files('context', {
      Dockerfile: 'FROM busybox\nLABEL a=b\nRUN echo 12345 > /five\n',
    });
    const { stdout: id } = await world.ok(['build', '-q', '-t', 'one', '-t', 'two:x', context]);
    const list = (await world.ok(['images'])).stdout;
    t.match(list, /^REPOSITORY +TAG +IMAGE ID +CREATED +SIZE\n/);
    t.match(
      list,
      /^one +latest +[0-9a-f]{12} +(Less than a second|[0-9]+ seconds?|About a minute) ago +[\d.]+[kM]B$/m,
    );
    t.match(list, /^two +x /m);
    const history = (await world.ok(['history', '--no-trunc', 'one'])).stdout;
    t.match(history, /RUN \/bin\/sh -c echo 12345 > \/five # buildkit +6B/);
    t.match(history, /<missing> .*LABEL a=b +0B/);
    await world.ok(['tag', 'one', 'three:y', 'localhost:5000/four']);
    t.match((await world.ok(['images', '--no-trunc', '-q', 'three'])).stdout, id);
    t.match((await world.ok(['rmi', 'one'])).stdout, /^Untagged: one:latest\n$/);
    const short = id.trim().slice(7, 19);
    const refused = await world.shale(['rmi', short]);
    t.equal(refused.code, 1);
    t.match(refused.stderr, /must be forced/);
    const removed = (await world.ok(['rmi', '-f', short])).stdout;
    for (const name of ['two:x', 'three:y', 'localhost:5000/four:latest'])
      t.match(removed, `Untagged: ${name}`);
    t.match(removed, `Deleted: ${id.trim()}`);
    t.match((await world.ok(['fsck'])).stdout, /, 0 damaged/);
    await world.ok(['builder', 'prune', '-af']);
    t.match(
      (await world.ok(['build', '--progress', 'plain', context])).stderr,
      /#2 DONE/,
      'the cache is gone',
    );
  },
);

eachWorld(
  [range].flatMap(spec => spec ?? []),
  'a root file system is imported from a URL',
  async (t, world) => {
    const { url, requests } = await serve(t, (request, response) => {
      if (request.url === '/moved.tar') response.writeHead(302, { location: '/rootfs.tar.gz' }).end();
      else if (request.url === '/rootfs.tar.gz') response.end(gzipSync(busyboxTar()));
      else response.writeHead(404).end();
    });
    const flags = ['-c', 'CMD ["echo", "from far"]', '-m', 'why', '--platform', 'linux/amd64'];
    const { stdout } = await world.ok(['import', ...flags, `${url}/moved.tar`, 'far:1']);
    t.match(stdout, /^sha256:[0-9a-f]{64}\n$/);
    t.strictSame(
      requests.map(request => request.url),
      ['/moved.tar', '/rootfs.tar.gz'],
    );
    t.equal((await world.ok(['run', '--rm', 'far:1'])).stdout, 'from far\n');
    const { stdout: history } = await world.ok(['history', '--no-trunc', 'far:1']);
    t.match(history, / why\n$/, "the message is the history's comment");
    const missing = await world.shale(['import', `${url}/nothing.tar`]);
    t.match(missing, { code: 1, stderr: /404/ });
  },
);
