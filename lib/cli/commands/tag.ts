import { tag as tagImage } from '../../api/images.js';
import type { Command } from '../command.js';

export const tag: Command = {
  name: 'tag',
  aliases: ['image tag'],
  summary: 'Give an image another name',
  operands: 'SOURCE_IMAGE[:TAG] TARGET_IMAGE[:TAG] [TARGET...]',
  arity: { min: 2 },
  flags: [],
  run: async ({ operands, options }) => {
    const [image = '', ...names] = operands;
    for (const name of names) await tagImage({ ...options, image, name });
    return 0;
  },
};
