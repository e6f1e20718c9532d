import { inspect as inspectImage } from '../../api/images.js';
import { errorMessage } from '../../util/errors.js';
import type { Command } from '../command.js';

export const imageInspect: Command = {
  name: 'inspect',
  aliases: ['image inspect'],
  summary: 'Display detailed information on images',
  operands: 'IMAGE [IMAGE...]',
  arity: { min: 1 },
  flags: [],
  run: async ({ operands, options }) => {
    const found: unknown[] = [];
    const problems: string[] = [];
    for (const image of operands) {
      try {
        found.push(await inspectImage({ ...options, image }));
      } catch (error) {
        problems.push(errorMessage(error));
      }
    }
    process.stdout.write(`${JSON.stringify(found, undefined, 4)}\n`);
    for (const problem of problems) process.stderr.write(`Error: ${problem}\n`);
    return problems.length > 0 ? 1 : 0;
  },
};
