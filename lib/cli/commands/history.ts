import { history as imageHistory } from '../../api/images.js';
import type { HistoryEntry } from '../../image/index.js';
import type { Command } from '../command.js';
import { FORMAT_FLAG, goRfc3339, PLATFORM_FLAG, printList, type Row } from '../listing.js';
import { ago, shortened, size } from '../table.js';

export const history: Command = {
  name: 'history',
  aliases: ['image history'],
  summary: 'Show the history of an image',
  operands: 'IMAGE',
  arity: { min: 1, max: 1 },
  flags: [
    FORMAT_FLAG,
    { name: 'no-trunc', kind: 'bool', help: "Don't truncate output" },
    { name: 'quiet', short: 'q', kind: 'bool', help: 'Only show ids' },
    PLATFORM_FLAG,
    { name: 'human', short: 'H', kind: 'bool', help: 'Print sizes and dates for people (default true)' },
  ],
  examples: ["shale history --no-trunc --format '{{.Size}} {{.CreatedBy}}' debian"],
  run: async ({ flags, operands, options }) => {
    const whole = flags.bool('no-trunc');
    const human = !flags.has('human') || flags.bool('human');
    const steps = await imageHistory({
      ...options,
      image: operands[0] ?? '',
      platform: flags.string('platform'),
    });
    const created = human ? 'CREATED' : 'CREATED AT';
    const headers = { ...HEADERS, CreatedSince: created };
    const rows = steps.map(step => rowOf(step, whole, human));
    return printList(flags, { type: '*image.historyContext', quiet: 'ID', headers, table: TABLE }, rows);
  },
};

const TABLE = '{{.ID}}\t{{.CreatedSince}}\t{{.CreatedBy}}\t{{.Size}}\t{{.Comment}}';

const HEADERS = {
  ID: 'IMAGE',
  CreatedAt: 'CREATED AT',
  CreatedBy: 'CREATED BY',
  Size: 'SIZE',
  Comment: 'COMMENT',
};

function rowOf(step: HistoryEntry, whole: boolean, human: boolean): Row {
  return {
    ID: whole || step.id === '<missing>' ? step.id : step.id.slice(7, 19),
    CreatedAt: goRfc3339(step.created),
    CreatedSince: human ? ago(step.created) : goRfc3339(step.created),
    CreatedBy: whole ? step.createdBy : shortened(step.createdBy),
    Size: human ? size(step.size) : String(step.size),
    Comment: step.comment,
  };
}
