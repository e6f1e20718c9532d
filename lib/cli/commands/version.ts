import { release } from 'node:os';
import { hostPlatform } from '../../oci/index.js';
import { renderTemplate } from '../../template/index.js';
import type { Command } from '../command.js';
import { version } from '../version.js';

export const versionCommand: Command = {
  name: 'version',
  summary: 'Show the version',
  operands: '',
  arity: { min: 0, max: 0 },
  flags: [
    { name: 'format', short: 'f', kind: 'string', value: 'TEMPLATE', help: "'json', or a Go template" },
  ],
  examples: ['shale version', "shale version --format '{{.Client.Version}}'"],
  run: async ({ flags }) => {
    const document = await describe();
    const format = flags.string('format');
    const text =
      format === undefined
        ? plainText(document.Client)
        : renderTemplate(format === 'json' ? '{{json .}}' : format, document);
    process.stdout.write(`${text.trimEnd()}\n`);
    return 0;
  },
};

/** There is no daemon: what scripts ask of docker's server is answered by the program itself. */
async function describe() {
  const { os, architecture } = hostPlatform();
  const facts = {
    Version: await version(),
    NodeVersion: process.version,
    Os: os,
    Arch: architecture,
    KernelVersion: release(),
  };
  return { Client: facts, Server: facts };
}

function plainText(facts: Awaited<ReturnType<typeof describe>>['Client']): string {
  const lines = [
    ['Version', facts.Version],
    ['Node version', facts.NodeVersion],
    ['OS/Arch', `${facts.Os}/${facts.Arch}`],
  ];
  return `Client: Shale\n${lines.map(([name = '', value]) => ` ${`${name}:`.padEnd(19)}${value}\n`).join('')}`;
}
