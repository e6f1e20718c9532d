// What goes wrong, in docker's words and with docker's exit codes (those of docker 28).
import { eachWorld } from '../fixtures/e2e/each-world.js';
import { WORLDS } from '../fixtures/e2e/worlds.js';

const [range] = WORLDS;

type Case = [args: string[], code: number, stderr: string | RegExp];

const WRONG: Case[] = [
  [['network', 'ls'], 1, /'network' is not supported: .*\n--network bridge, host, none/],
  [['buildx', 'imagetools', 'create', 'x'], 1, "can't push with no tags specified"],
  [['buildx', 'bake'], 1, "'buildx bake' is not supported"],
  [['psx'], 1, "'psx' is not a shale command.\ndid you mean ps?"],
  [
    ['save', '--platform', 'linux/amd64,linux/arm64', 'busybox'],
    1,
    'provide the specified platform (linux/arm64)',
  ],
  [['rmi', '--platform', 'linux/s390x', 'busybox'], 1, 'does not provide the specified platform'],
  [['images', '-f', 'nope'], 125, 'bad format of filter (expected name=value)'],
  [['images', '--nope'], 125, 'unknown flag: --nope'],
  [['images', '-f', 'dangling=maybe'], 1, "invalid filter 'dangling=maybe'"],
  [['images', '--filter'], 125, 'flag needs an argument: --filter'],
  [['images', 'a', 'b'], 1, "'shale images' requires at most 1 argument"],
  [['ps', 'a'], 1, "'shale ps' accepts no arguments"],
  [['ps', '-n', 'x'], 125, 'invalid argument "x" for "-n, --last" flag'],
  [['ps', '-f', 'status=nope'], 1, "invalid filter 'status=nope'"],
  [['ps', '-f', 'health=nope'], 1, "invalid filter 'health=nope'"],
  [['ps', '-f', 'exited=x'], 1, "invalid filter 'exited=x'"],
  [['stop', '-t', 'x', 'box'], 125, 'invalid argument "x" for "-t, --timeout" flag'],
  [['run'], 1, "'shale run' requires at least 1 argument"],
  [['run', '--rm', '--restart', 'always', 'busybox'], 125, 'cannot specify both --restart and --rm'],
  [['run', '--rm', '--pull', 'x', 'busybox'], 125, `invalid pull option: 'x': must be one of "always"`],
  [['run', '--rm', '--pull', 'never', 'nope'], 125, 'No such image: nope:latest'],
  [['run', '--rm', '-p', '99999:1', 'busybox'], 125, 'invalid hostPort: 99999'],
  [['run', '--rm', '--env-file', 'nope', 'busybox'], 125, 'open nope: no such file or directory'],
  [['rmi', 'nope'], 1, 'No such image: nope:latest'],
  [['rmi', '-f', 'nope'], 0, 'No such image: nope:latest'],
  [['rm', 'nope'], 1, 'No such container: nope'],
  [['rm', '-f', 'nope'], 0, 'No such container: nope'],
  [['rm', 'box'], 1, 'cannot remove container "box": container is running'],
  [['tag', 'nope', 'x'], 1, 'No such image: nope:latest'],
  [['tag', 'busybox', 'x:y:z'], 1, 'Error parsing reference: "x:y:z" is not a valid repository/tag: invalid'],
  [['inspect', 'nope'], 1, 'Error: No such object: nope'],
  [['inspect', '--type', 'container', 'busybox'], 1, 'No such container: busybox'],
  [['inspect', '--type', 'nope', 'busybox'], 1, 'unknown type: "nope": must be one of "container", "image"'],
  [['exec', 'nope', 'true'], 1, 'No such container: nope'],
  [['exec', 'ended', 'true'], 1, /container [0-9a-f]{64} is not running/],
  [['exec', '-w', '/nope', 'box', 'true'], 126, 'working directory /nope: No such file or directory'],
  [['exec', 'box'], 1, "'shale exec' requires at least 2 arguments"],
  [['exec', 'box', 'nonesuch'], 127, 'nonesuch: executable file not found in $PATH'],
  [['kill', 'ended'], 1, /container [0-9a-f]{64} is not running/],
  [['rename', 'box', 'box'], 1, 'Renaming a container with the same name as its current name'],
  [['rename', 'box', 'ended'], 1, 'The container name "/ended" is already in use by container "'],
  [['cp', '/nope', 'box:/'], 1, 'lstat /nope: no such file or directory'],
  [['cp', 'box:/etc/passwd', '/nope/x'], 1, 'invalid output path: directory "/nope" does not exist'],
  [['save', '-o', '/nope/x', 'busybox'], 1, 'invalid output path: directory "/nope" does not exist'],
  [['export', '-o', '/nope/x', 'box'], 1, 'invalid output path: directory "/nope" does not exist'],
  [['export', '-o', '/etc/x', 'box'], 1, 'open /etc/x: permission denied'],
  [['build', '-o', 'type=docker,dest=/nope/x', '-'], 1, 'directory "/nope" does not exist'],
  [['run', '--rm', '-it', 'busybox'], 1, 'the input device is not a TTY'],
  [['push', 'x:y:z'], 1, 'invalid reference format'],
  [['push', 'me/nope:1'], 1, 'An image does not exist locally with the tag: me/nope'],
  [['push', '-a', 'me/nope:1'], 1, "tag can't be used with --all-tags/-a"],
  [['volume', 'rm', 'nope'], 1, 'get nope: no such volume'],
  [
    ['history', '--format', '{{.Nope}}', 'busybox'],
    1,
    "can't evaluate field Nope in type *image.historyContext",
  ],
  [
    ['ps', '--format', '{{nope .ID}}'],
    1,
    'template parsing error: template: :1: function "nope" not defined',
  ],
];

eachWorld(
  [range].flatMap(spec => spec ?? []),
  "what goes wrong, in docker's words",
  async (t, world) => {
    await world.ok(['run', '-d', '--name', 'box', 'busybox', 'sleep', '1000']);
    await world.ok(['run', '--name', 'ended', 'busybox', 'true']);
    for (const [args, code, stderr] of WRONG)
      t.match(await world.shale(args, { input: 'FROM busybox\n' }), { code, stderr }, args.join(' '));

    const { stdout: id } = await world.ok(['images', '-q', 'busybox']);
    t.equal((await world.ok(['inspect', '-f', '{{.Os}}', id.slice(0, 2)])).stdout, 'linux\n');
    await world.ok(['tag', 'busybox', 'other']);
    await world.ok(['rmi', 'busybox']);
    const image = ['ps', '-f', 'name=box', '--format', '{{.Image}}'];
    t.equal((await world.ok(image)).stdout, id, 'a name that is gone is not shown');
    t.equal((await world.ok([...image, '--no-trunc'])).stdout.slice(7, 19), id.trim());
    await world.ok(['tag', 'other', 'busybox']);
    t.equal((await world.ok(image)).stdout, 'busybox\n');
    const env = { SHALE_REGISTRY_MIRRORS: 'docker.io=http://127.0.0.1:1' };
    const unknown = await world.shale(['run', '--rm', 'nope'], { env });
    t.match(unknown, { code: 125, stderr: /^Unable to find image 'nope:latest' locally\n/ });

    const file = world.files('env', { file: 'SHALE_STORAGE_DRIVER=nonsense\nA=b\n' });
    const run = ['run', '--rm', '--env-file', `${file}/file`, 'busybox', 'sh', '-c', 'echo $A'];
    t.equal((await world.ok(run)).stdout, 'b\n', "a container's environment is not ours");

    const [all] = JSON.parse((await world.ok(['inspect', 'box'])).stdout);
    for (const field of KEYS) t.ok(Object.hasOwn(all, field), `inspect has ${field}`);
    t.match(all.HostConfig, { CpuShares: 0, Links: null, OomScoreAdj: 0 });
    await world.ok(['volume', 'create', 'vol']);
    t.equal((await world.ok(['inspect', '-f', '{{.Driver}} {{.Scope}}', 'vol'])).stdout, 'local local\n');
    await world.ok(['rm', '-f', 'box', 'ended']);
  },
);

/** @see https://github.com/moby/moby/blob/master/api/types/container/container.go */
const KEYS = (
  'Id Created Path Args State Image ResolvConfPath HostnamePath HostsPath LogPath Name RestartCount Driver Platform ' +
  'MountLabel ProcessLabel AppArmorProfile ExecIDs HostConfig GraphDriver Mounts Config NetworkSettings'
).split(' ');
