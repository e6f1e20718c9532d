/**
 * Go templates as docker's `--format` takes them.
 */
import { isShaleError } from '../util/errors.js';
import { executeTemplate } from './execute.js';
import { FUNCTIONS, HEADER_FUNCTIONS, type TemplateFunction } from './functions.js';
import { parseTemplate } from './parser.js';
import { alignColumns } from './table.js';

export { CONTAINER_SCHEMA, IMAGE_SCHEMA, VOLUME_SCHEMA } from './docker.js';
export { completeDocument } from './document.js';
export type { TemplateFunction } from './functions.js';
export { indentedJson } from './indented.js';
export { OCI_CONFIG_SCHEMA, SOURCE_SCHEMA } from './skopeo.js';
export { alignColumns } from './table.js';
export {
  applySchema,
  type FieldSchema,
  formatDuration,
  GoDuration,
  GoStruct,
  NIL,
  type Schema,
} from './values.js';

export interface RenderOptions {
  /** more functions, or others of the same name */
  functions?: ReadonlyMap<string, TemplateFunction>;
  /** what a missing key of a map is; default `error` */
  missingKey?: 'error' | 'default';
}

function render(
  template: string,
  rows: readonly unknown[],
  functions: ReadonlyMap<string, TemplateFunction>,
  missingKey: 'error' | 'default',
): string[] {
  const names = new Set([...functions.keys(), 'and', 'or']);
  const parsed = parseTemplate(template, names);
  return rows.map(row => executeTemplate(parsed, row, { functions, missingKey }));
}

/**
 * Applies a template to one value.
 *
 * @param data what `.` is: JSON values, maps, `GoStruct`s; a member that is a function is called as a method
 * @throws UsageError `USAGE_TEMPLATE` for one that cannot be parsed, `USAGE_TEMPLATE_FIELD` for one that does not fit
 *   the data; the messages are those of docker
 */
export function renderTemplate(template: string, data: unknown, options: RenderOptions = {}): string {
  const functions =
    options.functions === undefined ? FUNCTIONS : new Map([...FUNCTIONS, ...options.functions]);
  return render(template, [data], functions, options.missingKey ?? 'error').join('');
}

/**
 * As `docker inspect --format`: the template is applied to the typed value, and if it does not fit that, to the JSON
 * document; so that both `{{.ID}}` and `{{.Id}}` work.
 *
 * @throws UsageError as `renderTemplate`
 */
export function renderInspect(template: string, typed: unknown, document: unknown): string {
  try {
    return renderTemplate(template, typed, { missingKey: 'default' });
  } catch (error) {
    if (!isShaleError(error) || (error as { code?: unknown }).code !== 'USAGE_TEMPLATE_FIELD') throw error;
    return renderTemplate(template, document);
  }
}

/**
 * As `--format` of docker's lists: one line for each row; with `table ` before it, aligned columns below a header.
 * `\t` and `\n` written out mean a tab and a newline.
 *
 * @param headers column titles by field name
 * @throws UsageError as `renderTemplate`
 */
export function renderTable(
  template: string,
  rows: readonly unknown[],
  headers: Readonly<Record<string, string>>,
): string {
  const isTable = template === 'table' || template.startsWith('table ');
  const body = (isTable ? template.slice('table'.length).trim() : template)
    .replaceAll('\\t', '\t')
    .replaceAll('\\n', '\n');
  const lines = render(body, rows, FUNCTIONS, 'error');
  if (!isTable) return lines.map(line => `${line}\n`).join('');
  const header = render(body, [headers], HEADER_FUNCTIONS, 'default').map(line =>
    line.replaceAll('<no value>', ''),
  );
  return `${alignColumns([...header, ...lines].join('\n'))}\n`;
}
