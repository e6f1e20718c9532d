import type { Command } from '../command.js';
import { version } from '../version.js';

export const versionCommand: Command = {
  name: 'version',
  summary: 'Show the version',
  operands: '',
  arity: { min: 0, max: 0 },
  flags: [],
  run: async () => {
    process.stdout.write(
      `Version: ${await version()}\nNode: ${process.version}\nOS/Arch: ${process.platform}/${process.arch}\n`,
    );
    return 0;
  },
};
