import { dockerfileError } from './errors.js';

/**
 * Fields of one CSV record, as `--mount` and `--device` are written: a field in double quotes may hold commas, and a
 * doubled quote in it is a quote.
 *
 * @throws DockerfileError `DOCKERFILE_MOUNT` for a stray or unclosed quote
 */
export function csvFields(record: string): string[] {
  const fields: string[] = [];
  let at = 0;
  do {
    const field = record[at] === '"' ? quotedField(record, at) : bareField(record, at);
    fields.push(field.text);
    at = field.end + 1;
  } while (at <= record.length);
  return fields;
}

function bareField(record: string, start: number): { text: string; end: number } {
  const comma = record.indexOf(',', start);
  const end = comma < 0 ? record.length : comma;
  const text = record.slice(start, end);
  if (text.includes('"')) throw malformed(record, 'bare " in a field that does not begin with one');
  return { text, end };
}

function quotedField(record: string, start: number): { text: string; end: number } {
  let text = '';
  let at = start + 1;
  for (;;) {
    const close = record.indexOf('"', at);
    if (close < 0) throw malformed(record, 'unclosed "');
    text += record.slice(at, close);
    at = close + 2;
    if (record[close + 1] === '"') text += '"';
    else if (close + 1 === record.length || record[close + 1] === ',') return { text, end: close + 1 };
    else throw malformed(record, 'text behind a closing "');
  }
}

function malformed(record: string, reason: string): Error {
  return dockerfileError('DOCKERFILE_MOUNT', `failed to parse ${JSON.stringify(record)}: ${reason}`);
}
