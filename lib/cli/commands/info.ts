import { availableParallelism, hostname, machine, totalmem } from 'node:os';
import { type Info, info as readInfo } from '../../api/info.js';
import { renderTemplate } from '../../template/index.js';
import type { Command } from '../command.js';
import { version } from '../version.js';

export const info: Command = {
  name: 'info',
  aliases: ['system info'],
  summary: 'What this machine can do, what was chosen, and what is missing',
  operands: '',
  arity: { min: 0, max: 0 },
  flags: [
    {
      name: 'format',
      short: 'f',
      kind: 'string',
      value: 'TEMPLATE',
      help: "'json', or a Go template over docker's fields",
    },
    { name: 'json', kind: 'bool', help: 'Print all facts as JSON' },
  ],
  examples: ['shale info', "shale info --format '{{.Driver}} {{.Images}}'", 'shale info --json'],
  run: async ({ flags, options }) => {
    const facts = await readInfo(options);
    const format = flags.string('format');
    if (format !== undefined) {
      const template = format === 'json' ? '{{json .}}' : format;
      process.stdout.write(`${renderTemplate(template, dockerInfo(facts, await version()))}\n`);
      return 0;
    }
    process.stdout.write(
      flags.bool('json') ? `${JSON.stringify(facts, undefined, 2)}\n` : text(facts, await version()),
    );
    return 0;
  },
};

/** What scripts ask `docker info` for, under its names. */
function dockerInfo(facts: Info, own: string): Record<string, unknown> {
  const { containers, cgroups } = facts;
  return {
    ID: '',
    Containers: containers.total,
    ContainersRunning: containers.running,
    ContainersPaused: containers.paused,
    ContainersStopped: containers.stopped,
    Images: facts.images,
    Driver: facts.driver ?? '',
    DriverStatus: facts.drivers.map(driver => [driver.name, works(driver)]),
    CgroupDriver: 'none',
    CgroupVersion: cgroups.version === 'v2' ? '2' : '1',
    KernelVersion: facts.kernel,
    OperatingSystem: 'Linux',
    OSType: 'linux',
    Architecture: machine(),
    NCPU: availableParallelism(),
    MemTotal: totalmem(),
    DockerRootDir: facts.root,
    Name: hostname(),
    ServerVersion: own,
    DefaultRuntime: facts.runner.kind === 'native' ? 'shale-runner' : (facts.runner.path ?? ''),
    SecurityOptions: [
      ...(facts.seccomp ? ['name=seccomp,profile=default'] : []),
      ...(facts.rootless ? ['name=rootless'] : []),
    ],
    IndexServerAddress: 'https://index.docker.io/v1/',
  };
}

function text(facts: Info, own: string): string {
  const { engine, runner, idMap, userNamespaces, network, cgroups } = facts;
  const lines: [string, string, string?][] = [
    ['Version', own],
    ['Store', `${facts.root} (${facts.images} images, ${facts.containers.total} containers)`],
    ['Kernel', facts.kernel],
    ['Rootless', facts.rootless ? 'yes' : 'no'],
    ['User namespaces', works(userNamespaces), userNamespaces.hint],
    [
      'Id map',
      `${idMap.kind}, ${idMap.ids} ids${idMap.why === undefined ? '' : ` (${idMap.why})`}`,
      idMap.hint,
    ],
    ['Storage driver', facts.driver ?? 'none'],
    ...facts.drivers.map((driver): [string, string, string?] => [
      `  ${driver.name}`,
      works(driver),
      driver.hint,
    ]),
    [
      'Runner',
      [runner.kind, runner.path, runner.why && `(${runner.why})`].filter(Boolean).join(' '),
      runner.hint,
    ],
    ['Seccomp', facts.seccomp ? 'yes' : 'no'],
    ['Layer engine', [engine.engine, engine.from].filter(Boolean).join(' ')],
    ...engine.failures.map((failure): [string, string] => ['  not used', `${failure.from}: ${failure.why}`]),
    [
      'Network',
      `host, none${network.pasta ? ', pasta' : ''}${network.slirp4netns ? ', slirp4netns' : ''}`,
      network.hint,
    ],
    ['Cgroups', `${cgroups.version}${cgroups.delegated ? ', delegated' : ''}`],
  ];
  return lines
    .map(
      ([name, value, hint]) =>
        `${name}: ${value}\n${hint === undefined ? '' : `    to change that: ${hint}\n`}`,
    )
    .join('');
}

function works(fact: { works: boolean; why?: string }): string {
  return fact.works ? 'yes' : `no${fact.why === undefined ? '' : `: ${fact.why}`}`;
}
