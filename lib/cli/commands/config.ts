import { configure, imageTemplate } from '../../api/containers/configure.js';
import type { ImageTemplate } from '../../container/image-template.js';
import { now } from '../../util/time.js';
import type { Command, Invocation } from '../command.js';
import { TEMPLATE_FLAGS, type TemplateFlag } from '../container/template-flags.js';
import type { Flags } from '../flags.js';
import { print } from '../print.js';

export const config: Command = {
  name: 'config',
  aliases: ['container config'],
  summary: 'Say what an image that is committed of a container is to have',
  operands: 'CONTAINER',
  arity: { min: 1, max: 1 },
  flags: [
    ...TEMPLATE_FLAGS,
    { name: 'add-history', kind: 'bool', help: 'An entry in the history for each change of the config' },
  ],
  examples: [
    'shale config --env LANG=C.UTF-8 --port 80 --cmd \'["nginx", "-g", "daemon off;"]\' box',
    'shale config --label maintainer- --entrypoint "" box',
    'shale config box',
  ],
  run: async (invocation: Invocation) => {
    const { flags, operands, options } = invocation;
    const which = { ...options, container: operands[0] ?? '' };
    if (!TEMPLATE_FLAGS.some(flag => flags.has(flag.name)))
      return print(`${JSON.stringify(await imageTemplate(which), undefined, 4)}\n`);
    await configure({ ...which, edit: template => edited(template, flags) });
    return 0;
  },
};

function edited(template: ImageTemplate, flags: Flags): ImageTemplate {
  const given = TEMPLATE_FLAGS.flatMap(flag => flags.list(flag.name).map(text => ({ flag, text })));
  const changed = given.reduce((before, { flag, text }) => flag.edit(before, text), template);
  if (!flags.bool('add-history')) return changed;
  const created = now();
  const entries = given
    .flatMap(({ flag, text }) => lineOf(flag, text))
    .map(created_by => ({
      created,
      created_by,
      empty_layer: true,
    }));
  return { ...changed, history: [...changed.history, ...entries] };
}

/** As docker and buildah have long written what no layer came of. */
function lineOf({ instruction }: TemplateFlag, text: string): string[] {
  return instruction === undefined ? [] : [`/bin/sh -c #(nop) ${instruction} ${text}`];
}
