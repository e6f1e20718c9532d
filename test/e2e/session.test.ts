// The session of somebody who learns an image by touching it, typed word for word at a real terminal.
import { readFileSync } from 'node:fs';
import t from 'tap';
import { freePort, startDockerRegistry } from '../fixtures/docker-registry.js';
import { debianWorld, missingForDebian } from '../fixtures/e2e/debian.js';
import { eventually } from '../fixtures/e2e/servers.js';
import { Terminal } from '../fixtures/e2e/terminal.js';
import { WORLDS } from '../fixtures/e2e/worlds.js';

const NGINX_LIKE = {
  Dockerfile: `FROM ubuntu
LABEL version=2.4 who="some body"
COPY busybox serve /usr/local/bin/
RUN mkdir /www && echo "it works" > /www/index.html
EXPOSE 80
CMD ["serve"]
`,
  // the first process of a container is only ended by signals that it takes
  'serve!': '#!/bin/sh\ntrap "exit 0" TERM\necho serving\nbusybox httpd -f -v -p 80 -h /www & wait\n',
};

t.test('a session on Debian', { skip: missingForDebian() ?? false, timeout: 240_000 }, async t => {
  const world = await debianWorld(WORLDS[0] ?? { who: 'range' }, 'ubuntu:latest');
  const terminal = new Terminal(world);
  const registry = await startDockerRegistry({ port: await freePort(5000) });
  t.teardown(async () => {
    terminal.close();
    await registry.stop();
    await world.close();
  });
  /** Types a line that succeeds. @returns what it says */
  const typed = async (line: string, seconds?: number): Promise<string> => {
    const { code, text } = await terminal.line(line, seconds);
    t.equal(code, 0, line);
    return text;
  };

  await t.test('a container is changed, looked at, and becomes an image', async t => {
    terminal.start('shale run -it --name git ubuntu:latest bash');
    await terminal.until(/root@\w+:\/# $/m);
    // nobody looks at what they print
    terminal.type(
      'apt-get update > /dev/null; apt-get install -y git > /dev/null 2>&1; rm /etc/issue; exit\n',
    );
    t.equal((await terminal.ended(120)).code, 0);
    const changes = await typed('shale diff git');
    for (const line of ['A /usr/bin/git', 'C /etc', 'D /etc/issue']) t.match(changes, `${line}\n`);
    t.equal(Number(await typed('shale diff git | wc -l')), changes.split('\n').length - 1);
    t.match(await terminal.line('shale diff git | head -1'), { code: 0, text: /^[ACD] \/\S+\n$/ });

    const commit = `shale commit -m "with git" -a me -c 'CMD ["nginx", "-g", "daemon off;"]' git ubuntu:git`;
    const id = (await typed(commit)).trim();
    t.match(id, /^sha256:[0-9a-f]{64}$/);
    const short = id.slice(7, 19);
    t.match(
      await typed('shale images'),
      new RegExp(
        `^REPOSITORY +TAG +IMAGE ID +CREATED +SIZE\nubuntu +git +${short} +.* ago +\\d+MB\nubuntu +latest `,
      ),
    );
    t.match(await typed('shale images | grep git'), new RegExp(`^ubuntu +git +${short} .*MB\n$`));
    t.match(
      await typed("shale images --format '{{.Repository}}:{{.Tag}} {{.Size}}'"),
      /^ubuntu:git \d+MB\nubuntu:latest \d+MB\n$/,
    );
    const inspected = "shale inspect --format '{{json .Config.Cmd}} {{.Author}} {{.Comment}}' ubuntu:git";
    t.equal(await typed(inspected), '["nginx","-g","daemon off;"] me with git\n');
  });

  await t.test('the committed image runs', async t => {
    terminal.start('shale run -it --name git2 ubuntu:git bash');
    await terminal.until(/root@\w+:\/# $/m);
    t.equal(await typedElsewhere(['diff', 'git2']), '', 'nothing was changed');
    terminal.type('git --version\n');
    await terminal.until(/git version \d/);
    t.equal(await typedElsewhere(['diff', 'git2']), '', 'nor by that');
    terminal.type('unset HISTFILE; exit\n');
    t.equal((await terminal.ended()).code, 0);
    t.equal(await typed('shale diff git2'), '');
  });

  async function typedElsewhere(args: string[]): Promise<string> {
    return (await world.ok(args)).stdout;
  }

  await t.test('a server in the background', async t => {
    const port = await freePort(8080);
    if (port !== 8080) t.comment('port 8080 is taken: another takes its place');
    const answer = (): Promise<string> =>
      fetch(`http://127.0.0.1:${port}/`).then(
        response => response.text(),
        () => 'nobody',
      );
    world.files('nginx', { ...NGINX_LIKE, busybox: readFileSync('/bin/busybox') });
    await typed('chmod +x nginx/busybox; shale build -t nginx-like-image nginx');

    const id = (await typed(`shale run --name container1 -d -p ${port}:80 nginx-like-image`)).trim();
    t.match(id, /^[0-9a-f]{64}$/);
    t.ok(await eventually(async () => (await answer()) === 'it works\n'), 'the port answers');
    t.match(
      await typed('shale ps -a'),
      new RegExp(
        `^CONTAINER ID +IMAGE +COMMAND +CREATED +STATUS +PORTS +NAMES\n${id.slice(0, 12)} +nginx-like-image +"serve" +.* ago +Up .* seconds? +0.0.0.0:${port}->80/tcp.* container1\n(.*\n)*.* Exited \\(0\\) .* git\n$`,
      ),
    );
    terminal.start('shale logs -f container1');
    await terminal.until(/^serving$/m);
    await answer();
    await terminal.until(/response:200\n(.*\n)*.*response:200/);
    terminal.press('C-c');
    t.equal((await terminal.ended()).code, 130);

    terminal.start('shale exec -it container1 sh');
    await terminal.until(/^# $/m);
    terminal.type('cat /www/index.html; exit 4\n');
    t.match(await terminal.ended(), { code: 4, text: /^it works$/m });
    t.equal(await typed('shale stop container1'), 'container1\n');
    t.equal(await answer(), 'nobody');
    t.match(await typed("shale ps -a --filter name=container1 --format '{{.Status}}'"), /^Exited \(0\) /);
    t.equal(await typed('shale start container1'), 'container1\n');
    t.ok(await eventually(async () => (await answer()) === 'it works\n'), 'it answers again');
    t.equal(await typed('shale rm -f container1'), 'container1\n');
    t.equal(await answer(), 'nobody');
    t.notMatch(await typed('shale ps -a'), 'container1');
  });

  await t.test('what an image is', async t => {
    t.equal(await typed('shale tag nginx-like-image httpd:2.4'), '');
    const format = '{{.Os}} {{.ContainerConfig.ExposedPorts}}';
    t.equal(await typed(`shale image inspect httpd:2.4 --format '${format}'`), 'linux map[80/tcp:{}]\n');
    t.equal(
      await typed("shale inspect --format '{{json .Config.Labels}}' httpd:2.4"),
      '{"version":"2.4","who":"some body"}\n',
    );
    const whole = await typed('shale image history --no-trunc httpd:2.4');
    t.match(
      whole,
      /^IMAGE +CREATED +CREATED BY +SIZE +COMMENT\nsha256:[0-9a-f]{64} .* CMD \["serve"\] +0B +buildkit.dockerfile.v0\n/,
    );
    t.match(
      whole,
      /^<missing> .* RUN \/bin\/sh -c mkdir \/www && echo "it works" > \/www\/index.html # buildkit +9B /m,
    );
    const cut = await typed('shale history httpd:2.4');
    t.match(
      cut,
      /^IMAGE +CREATED +CREATED BY +SIZE +COMMENT\n[0-9a-f]{12} +.* ago +CMD \["serve"\] +0B +buildkit/,
    );
    t.match(cut, /^<missing> +.* ago +RUN \/bin\/sh -c mkdir \/www && echo "it works"… +9B /m);
  });

  await t.test('images come and go', async t => {
    const { host } = registry;
    if (host !== '127.0.0.1:5000') t.comment('port 5000 is taken: another takes its place');
    t.equal(await typed(`shale tag ubuntu ${host}/debian:10`), '');
    const pushed = await typed(`shale push ${host}/debian:10`);
    t.match(pushed, /^The push refers to repository \[127.0.0.1:\d+\/debian\]\n/);
    const [, digest = 'none'] = /^10: digest: (sha256:[0-9a-f]{64}) size: \d+$/m.exec(pushed) ?? [];
    t.equal(await typed(`shale tag httpd:2.4 ${host}/me/image`), '');
    t.match(await typed(`shale push ${host}/me/image`), /^latest: digest: sha256:/m);
    t.match(await typed(`shale rmi ${host}/debian:10`), /^Untagged: .*debian:10\n$/);
    const pulled = await typed(`shale pull ${host}/debian:10`);
    t.match(pulled, `\nDigest: ${digest}\nStatus: `);
    t.match(pulled, new RegExp(`\n${host}/debian:10\n$`));
    t.match(await typed('shale images --digests'), new RegExp(`^${host}/debian +10 +${digest} `, 'm'));

    // docker.io cannot be reached from everywhere
    await world.ok(['tag', 'ubuntu', `${host}/library/debian`]);
    await world.ok(['push', '-q', `${host}/library/debian`]);
    await typed(`export SHALE_REGISTRY_MIRRORS=docker.io=http://${host}`);
    t.match(
      await typed('shale pull debian'),
      /^Using default tag: latest\nlatest: Pulling from library\/debian\n/,
    );
    t.match(await typed('shale images debian'), /^debian +latest /m);
  });

  await t.test('an image without a name runs by its short id', async t => {
    world.files('context', { Dockerfile: 'FROM ubuntu:git\nCMD ["git", "--version"]\n' });
    await typed('cd context');
    const [, built = ''] = /\bsha256:([0-9a-f]{12})/.exec(await typed('shale build .')) ?? [];
    const [, id = ''] = /^<none> +<none> +([0-9a-f]{12}) /m.exec(await typed('shale images')) ?? [];
    t.equal(id, built);
    t.match(await typed(`shale run --rm ${id}`), /^git version [\d.]+\n$/);
  });

  await typed('shale rm -f git git2; cd; shale fsck');
  terminal.close();
  t.same(await world.close(), [], 'nothing runs, nothing is mounted, nothing lies about');
});
