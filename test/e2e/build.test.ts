import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { eachWorld } from '../fixtures/e2e/each-world.js';
import { WORLDS } from '../fixtures/e2e/worlds.js';

const DOCKERFILE = `
ARG BASE=busybox
FROM \${BASE} AS builder
ARG GREETING=hello
ENV PLACE="the world"
RUN echo "$GREETING, $PLACE" > /message && mkdir -p /deep/er && echo x > /deep/er/file && rm /bin/tar
WORKDIR /src
COPY . .
RUN ["cat", "kept.txt"]

FROM busybox AS unused
RUN false

FROM busybox
LABEL who=shale
COPY --from=builder /message /deep /opt/
COPY --from=0 --chown=app:50 --chmod=640 /src/kept.txt /home/app/
ADD data.tar.gz /data/
USER app
WORKDIR /home/app/work
ENTRYPOINT ["cat"]
CMD ["/opt/message"]
EXPOSE 80
`;

eachWorld(WORLDS, 'a build of every plain instruction', async (t, world) => {
  const context = world.files('context', {
    Dockerfile: DOCKERFILE,
    '.dockerignore': '*.log\n',
    'kept.txt': 'kept\n',
    'dropped.log': 'dropped\n',
    'data/one': '1',
    'data/run.sh!': '#!/bin/sh\n',
  });
  execFileSync('tar', ['-C', join(context, 'data'), '-czf', join(context, 'data.tar.gz'), '.']);

  const first = await world.ok([
    'build',
    '-t',
    'app',
    '--build-arg',
    'GREETING=good day',
    '--progress',
    'plain',
    context,
  ]);
  t.match(first.stderr, /RUN echo/, 'steps are shown');
  t.notMatch(first.stderr, /RUN false/, 'a stage that nobody needs is not built');
  t.equal((await world.ok(['run', '--rm', 'app'])).stdout, 'good day, the world\n');

  const script =
    'id; pwd; stat -c "%a %u:%g" /home/app/kept.txt /data/run.sh; ls /opt /src 2>&1; cat /data/one';
  const { stdout } = await world.shale(['run', '--rm', '--entrypoint', 'sh', 'app', '-c', script]);
  // with a single id nobody but root exists: changes of user are only pretended
  if (world.spec.who !== 'single') t.match(stdout, 'uid=1000(app) gid=1001(app)');
  t.match(stdout, '/home/app/work\n');
  if (world.spec.who !== 'single') t.match(stdout, '640 1000:50\n');
  t.match(stdout, /^755 /m);
  t.match(stdout, 'er\nmessage\n');
  t.match(stdout, /\/src: No such file/);

  const [inspected] = JSON.parse((await world.ok(['image', 'inspect', 'app'])).stdout);
  t.match(inspected.Config, {
    Cmd: ['/opt/message'],
    Entrypoint: ['cat'],
    User: 'app',
    WorkingDir: '/home/app/work',
    Labels: { who: 'shale' },
    ExposedPorts: { '80/tcp': {} },
  });

  const again = await world.ok(['build', '-q', '-t', 'app', '--build-arg', 'GREETING=good day', context]);
  t.equal(again.stdout.trim(), inspected.Id, 'the same input gives the same image');
});

eachWorld(WORLDS, 'RUN changes files in every way, and the layer says so', async (t, world) => {
  const context = world.files('context', {
    Dockerfile: `FROM busybox
RUN mkdir /d && echo one > /d/a && echo two > /d/b && ln /d/a /d/hard && ln -s a /d/soft && mkfifo /d/pipe || true
RUN rm /d/b && rm -r /var && mkdir /var && touch /var/new && chmod 700 /d && echo more >> /d/a
RUN test ! -e /var/lib && test ! -e /d/b && cat /d/a
RUN true
`,
  });
  await world.ok(['build', '-t', 'layers', context]);
  const tar = join(world.base, 'layers.tar');
  await world.ok(['save', '-o', tar, 'layers']);
  const { stdout } = await world.ok([
    'run',
    '--rm',
    'layers',
    'sh',
    '-c',
    'find /d /var | sort; cat /d/a; stat -c %a /d',
  ]);
  t.match(stdout, '/d\n/d/a\n/d/hard\n');
  t.match(stdout, '/d/soft\n/var\n/var/new\none\nmore\n700\n');
  const manifest = JSON.parse(execFileSync('tar', ['-xOf', tar, 'manifest.json'], { encoding: 'utf8' }))[0];
  t.equal(manifest.Layers.length, 5);
  const third = execFileSync('sh', ['-c', `tar -xOf ${tar} ${manifest.Layers[2]} | tar -t | sort`], {
    encoding: 'utf8',
  });
  const paths = third.split('\n').map(path => path.replace(/\/$/, ''));
  t.ok(paths.includes('d/.wh.b'), 'a deleted file is a whiteout');
  t.ok(
    paths.includes('var/.wh..wh..opq') || paths.includes('var/.wh.lib'),
    'a directory made anew hides the old one',
  );
});

eachWorld(
  [WORLDS[0]].flatMap(spec => spec ?? []),
  'stages that do not wait for one another run at the same time',
  async (t, world) => {
    const context = world.files('context', {
      Dockerfile: `FROM busybox AS a
RUN echo start-a; sleep 3; echo end-a > /a
FROM busybox AS b
RUN echo start-b; sleep 3; echo end-b > /b
FROM busybox
COPY --from=a /a /
COPY --from=b /b /
`,
    });
    const { stderr } = await world.ok(['build', '--progress', 'plain', context]);
    const names = new Map(
      [...stderr.matchAll(/^#(\d+) \[([ab]) 2\/2\] RUN/gm)].map(match => [match[2], match[1]]),
    );
    t.equal(names.size, 2);
    const at = (pattern: RegExp): number => stderr.search(pattern);
    const output = [/^#\d+ [\d.]+ start-a$/m, /^#\d+ [\d.]+ start-b$/m].map(at);
    const ends = [...names.values()].map(number => at(new RegExp(`^#${number} DONE`, 'm')));
    t.ok(
      Math.min(...output) > 0 && Math.max(...output) < Math.min(...ends),
      'both start before either is done',
    );
  },
);

eachWorld(
  [WORLDS[0]].flatMap(spec => spec ?? []),
  'ONBUILD, SHELL, here-documents, arguments of the platform',
  async (t, world) => {
    const base = world.files('base', {
      Dockerfile: 'FROM busybox\nONBUILD COPY file /from-onbuild\nONBUILD RUN echo ran > /ran\n',
    });
    await world.ok(['build', '-t', 'parent', base]);
    const context = world.files('context', {
      Dockerfile: `FROM parent
ARG TARGETARCH
SHELL ["/bin/sh", "-ec"]
RUN <<EOF
echo "arch \${TARGETARCH}" > /heredoc
echo second >> /heredoc
EOF
COPY <<one <<"two" /texts/
expanded \${TARGETARCH}
one
literal \${TARGETARCH}
two
`,
      file: 'content',
    });
    await world.ok(['build', '-t', 'child', context]);
    const { stdout } = await world.ok([
      'run',
      '--rm',
      'child',
      'sh',
      '-c',
      'cat /from-onbuild /ran /heredoc /texts/one /texts/two',
    ]);
    const arch = process.arch === 'x64' ? 'amd64' : process.arch;
    t.equal(stdout, `contentran\narch ${arch}\nsecond\nexpanded ${arch}\nliteral \${TARGETARCH}\n`);
  },
);

eachWorld(
  [WORLDS[0]].flatMap(spec => spec ?? []),
  'outputs: tar, directory, archives, id file',
  async (t, world) => {
    const context = world.files('context', { Dockerfile: 'FROM busybox\nRUN echo made > /made\n' });
    const at = (name: string): string => join(world.base, name);
    await world.ok([
      'build',
      '--iidfile',
      at('iid'),
      '-o',
      `type=local,dest=${at('dir')}`,
      '-o',
      `type=tar,dest=${at('root.tar')}`,
      context,
    ]);
    t.match(readFileSync(at('iid'), 'utf8'), /^sha256:[0-9a-f]{64}$/);
    t.equal(readFileSync(at('dir/made'), 'utf8'), 'made\n');
    t.ok(existsSync(at('dir/bin/busybox')));
    t.match(execFileSync('tar', ['-tvf', at('root.tar')], { encoding: 'utf8' }), / made\n/);
    await world.ok([
      'build',
      '-t',
      'out',
      '-o',
      `type=oci,dest=${at('oci.tar')}`,
      '-o',
      `type=docker,dest=${at('docker.tar')}`,
      context,
    ]);
    for (const source of [`oci-archive:${at('oci.tar')}`, `docker-archive:${at('docker.tar')}`]) {
      const inspected = JSON.parse(execFileSync('skopeo', ['inspect', source], { encoding: 'utf8' }));
      t.equal(inspected.Os, 'linux', `skopeo reads ${source.split(':')[0]}`);
    }
  },
);
