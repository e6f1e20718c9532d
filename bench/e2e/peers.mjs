// The builders, each with stores of its own below one directory, driven through their command lines alone.
import { spawnSync } from 'node:child_process';
import { readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { command, onPath } from '../harness/process.mjs';

const SHALE = fileURLToPath(new URL('../../bin/shale', import.meta.url));

/** buildah and podman leave their stores mounted; what is mounted last goes first. */
export function unmountBelow(prefix) {
  const mounts = readFileSync('/proc/self/mountinfo', 'utf8')
    .split('\n')
    .map(line => line.split(' ')[4] ?? '');
  for (const path of mounts.filter(path => path.startsWith(prefix)).reverse())
    spawnSync('umount', ['-l', path]);
}

/**
 * A builder whose store is a directory.
 * @param {string} name
 * @param {(store: string) => string[]} program the command with its global options
 * @param {{ build: string[], load: (file: string) => string[], run?: string[], runc?: 'build' | 'global' }} words where
 *   the command lines differ: what `run` needs, if it runs containers; where `--runtime` goes
 */
function builder(name, program, words, dir) {
  const store = join(dir, `store-${name}`);
  const isolations = [
    { name: '', global: [], build: [] },
    { name: ', runc', global: [], build: [], ...(words.runc && { [words.runc]: ['--runtime', 'runc'] }) },
    { name: ', in a chroot', global: [], build: ['--isolation=chroot'] },
  ];
  let isolation = isolations[0];
  const call = (args, at = store) => {
    const [first, ...rest] = [...program(at), ...isolation.global, ...args];
    return command(first, rest);
  };
  return {
    name,
    ours: name === 'shale',
    runs: words.run !== undefined,
    load: file => call(words.load(file)),
    /** How it isolates RUN steps, for its name. */
    isolation: () => isolation.name,
    /** Some machines let the newest OCI runtime start no container, or none at all: then they build in a chroot. */
    async probe(context) {
      for (isolation of isolations) {
        const works = await this.build(context, 'bench/probe:1').then(
          () => true,
          () => false,
        );
        if (works) return;
      }
    },
    build(context, tag, { cached = false, fresh = false } = {}) {
      const cache = cached ? [] : ['--no-cache'];
      const args = [...words.build, ...isolation.build, ...cache, '--network=host', '-t', tag, context];
      return call(args, fresh ? `${store}-fresh` : store);
    },
    push: tag => call(['push', '--tls-verify=false', tag]),
    runTrue: image => call(['run', '--rm', '--network=host', ...(words.run ?? []), image, 'true']),
    /** Forgets everything that `fresh` builds have brought. */
    forget: () => {
      unmountBelow(`${store}-fresh`);
      rmSync(`${store}-fresh`, { recursive: true, force: true });
    },
    close: () => unmountBelow(store),
  };
}

/** docker keeps one store in its daemon, so what is to be fresh is removed there. */
function docker() {
  const call = args => command('docker', args);
  const images = new Set();
  return {
    name: 'docker',
    ours: false,
    runs: true,
    isolation: () => '',
    probe: async () => undefined,
    load: file => call(['load', '-i', file]),
    build: (context, tag, { cached = false } = {}) => {
      images.add(tag);
      return call(['build', ...(cached ? [] : ['--no-cache']), '--network=host', '-q', '-t', tag, context]);
    },
    push: tag => call(['push', '-q', tag]),
    runTrue: image => call(['run', '--rm', '--network=host', image, 'true']),
    forget: base => spawnSync('docker', ['image', 'rm', '-f', base, ...images]),
    close: () => spawnSync('docker', ['image', 'rm', '-f', ...images]),
  };
}

const containers = (program, dir) => store => [
  program,
  '--root',
  store,
  '--runroot',
  join(dir, `run-${program}`),
];

/** Shale, and every peer of this machine that can work here. */
export function builders(dir) {
  const found = [
    builder(
      'shale',
      store => [process.execPath, SHALE, '--root', store],
      { build: ['build', '-q', '--tls-verify=false'], load: file => ['load', '-i', file], run: [] },
      dir,
    ),
  ];
  if (onPath('buildah')) {
    const build = ['build', '-q', '--layers', '--tls-verify=false'];
    const load = file => ['pull', '-q', `docker-archive:${file}`];
    found.push(builder('buildah', containers('buildah', dir), { build, load, runc: 'build' }, dir));
  }
  if (onPath('podman')) {
    const build = ['build', '-q', '--tls-verify=false'];
    const load = file => ['load', '-q', '-i', file];
    // What it sets by default, root of a virtual machine may not raise.
    const run = ['--ulimit', 'nofile=1024:1024', '--ulimit', 'nproc=1024:1024'];
    found.push(builder('podman', containers('podman', dir), { build, load, run, runc: 'global' }, dir));
  }
  // The client alone is no builder.
  if (onPath('docker') && spawnSync('docker', ['info']).status === 0) found.push(docker());
  return found;
}
