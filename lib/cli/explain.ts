import type { ExplainEvent } from '../build/events.js';
import type { Reason } from '../build/explain.js';

/** Lines of one step; beyond this they are counted. */
const MAX_LINES = 20;

/** The answer to "why did it run again?", for people. */
export function explanationText(events: readonly ExplainEvent[]): string {
  if (events.length === 0) return 'every step was in the cache\n';
  return events.map(stepText).join('');
}

function stepText({ id, name, reasons, earlier }: ExplainEvent): string {
  const since = earlier === undefined ? '' : `, since ${earlier}`;
  const lines = reasons.slice(0, MAX_LINES).map(reason => `    ${reasonText(reason)}\n`);
  const more = reasons.length > MAX_LINES ? `    and ${reasons.length - MAX_LINES} more changes\n` : '';
  return `#${id} ${name.split('\n')[0]}\n  executed${since}:\n${lines.join('')}${more}`;
}

const NOUNS: Record<Reason['kind'], string> = {
  new: 'no execution of a step like this is known',
  forced: 'the cache was not to be used (--no-cache)',
  file: 'file',
  argument: 'build argument',
  environment: 'environment variable',
  base: 'base image',
  layer: 'layer of',
  command: 'command',
  input: 'input',
};

function reasonText({ kind, name, before, after }: Reason): string {
  if (kind === 'new' || kind === 'forced') return NOUNS[kind];
  const what = name === undefined ? NOUNS[kind] : `${NOUNS[kind]} ${name}`;
  if (before === undefined) return `${what} is new: ${after ?? ''}`;
  return after === undefined ? `${what} is gone: ${before}` : `${what} changed: ${before} -> ${after}`;
}
