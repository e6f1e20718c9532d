import { type Info, info as readInfo } from '../../api/info.js';
import type { Command } from '../command.js';
import { version } from '../version.js';

export const info: Command = {
  name: 'info',
  aliases: ['system info'],
  summary: 'What this machine can do, what was chosen, and what is missing',
  operands: '',
  arity: { min: 0, max: 0 },
  flags: [{ name: 'json', kind: 'bool', help: 'Print JSON' }],
  run: async ({ flags, options }) => {
    const facts = await readInfo(options);
    process.stdout.write(
      flags.bool('json') ? `${JSON.stringify(facts, undefined, 2)}\n` : text(facts, await version()),
    );
    return 0;
  },
};

function text(facts: Info, own: string): string {
  const { engine, runner, idMap, userNamespaces, network, cgroups } = facts;
  const lines: [string, string, string?][] = [
    ['Version', own],
    ['Store', `${facts.root} (${facts.images} images)`],
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
      network.helper === undefined ? 'host, none' : `host, none, bridge through ${network.helper.path}`,
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
