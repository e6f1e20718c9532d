// The real shells: bash and zsh at a terminal, where somebody presses tab; fish says by itself what it would offer.
import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { eachWorld } from '../fixtures/e2e/each-world.js';
import { ended, stagedPackage, WORLDS, type World } from '../fixtures/e2e/worlds.js';

const [range] = WORLDS;

function environment(world: World): Record<string, string> {
  const bin = dirname(join(stagedPackage(), 'bin/shale'));
  return { ...world.environment(), PATH: `${bin}:${process.env.PATH}`, TERM: 'dumb', LC_ALL: 'C.UTF-8' };
}

/** A shell in a terminal of its own. */
class Typist {
  readonly #socket: string;

  constructor(world: World, command: string) {
    this.#socket = join(world.base, 'tmux');
    const env = Object.entries(environment(world)).flatMap(([name, value]) => [`${name}=${value}`]);
    this.#tmux(
      '-f',
      '/dev/null',
      'new-session',
      '-d',
      '-x',
      '200',
      '-y',
      '50',
      `exec setpriv --reuid ${world.user} --regid ${world.user} --init-groups env -i ${env.map(quote).join(' ')} ${command}`,
    );
  }

  #tmux(...args: string[]): string {
    return execFileSync('tmux', ['-S', this.#socket, ...args], { encoding: 'utf8' });
  }

  /** Types, and waits until the screen shows what is expected. @returns the screen */
  async type(keys: string[], expected: RegExp): Promise<string> {
    for (const key of keys) this.#tmux('send-keys', key);
    let screen = '';
    for (let tries = 0; tries < 60; tries++) {
      screen = this.#tmux('capture-pane', '-p', '-J');
      if (expected.test(screen)) return screen;
      await sleep(100);
    }
    return screen;
  }

  async end(): Promise<void> {
    const server = this.#tmux('display-message', '-p', '#{pid}').trim();
    this.#tmux('kill-server');
    // It answers before it is gone.
    while (existsSync(`/proc/${server}`)) await sleep(10);
  }
}

function quote(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`;
}

for (const [shell, command, set] of [
  ['bash', 'bash --norc --noprofile', 'source <(shale completion bash)'],
  ['zsh', 'zsh -f', 'autoload -Uz compinit && compinit -u -D && source <(shale completion zsh)'],
] as const) {
  eachWorld(
    [range].flatMap(spec => spec ?? []),
    `completion in ${shell}`,
    async (t, world) => {
      if (!existsSync(`/usr/bin/${shell}`) && !existsSync(`/bin/${shell}`)) throw new Error(`needs ${shell}`);
      await world.ok(['tag', 'busybox', '127.0.0.1:5000/team/app:v1']);
      const typist = new Typist(world, command);
      await typist.type([`PS1='> '; ${set}; echo re''ady`, 'Enter'], /^ready/m);
      const cases: [typed: string, expected: RegExp][] = [
        ['shale image lay', /shale image layers/],
        ['shale rmi busy', /shale rmi busybox:latest/],
        ['shale rmi 127.0.0.1:50', /shale rmi 127\.0\.0\.1:5000\/team\/app:v1/],
        ['shale pull --platform=linux/s', /shale pull --platform=linux\/s390x/],
        ['shale push --compression-format z', /shale push --compression-format zstd/],
        ['shale load -i /etc/debian_v', /shale load -i \/etc\/debian_version/],
      ];
      for (const [typed, expected] of cases) {
        const screen = await typist.type([typed, 'Tab'], expected);
        t.match(screen, expected, typed);
        await typist.type(['C-u'], /./);
      }
      await typist.end();
    },
  );
}

eachWorld(
  [range].flatMap(spec => spec ?? []),
  'completion in fish',
  async (t, world) => {
    const asked = async (line: string): Promise<string> => {
      const script = `shale completion fish | source; complete -C ${quote(line)}`;
      const child = world.command(['fish', '--no-config', '-c', script], { env: environment(world) });
      return (await ended(child)).stdout;
    };
    t.match(await asked('shale image lay'), /^layers\tShow what each layer/);
    t.match(await asked('shale rmi busy'), /^busybox:latest\t[0-9a-f]{12}\n$/);
    t.match(await asked('shale load -i /etc/debian_v'), '/etc/debian_version');
    t.match(await asked('shale pull --plat'), /^--platform\t/);
  },
);
