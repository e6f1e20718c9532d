import type { Command } from './command.js';
import { EXAMPLES } from './examples.js';
import type { FlagSpec } from './flags.js';

/** The examples of a command: its own, or those of the table. */
export function examplesOf(command: Pick<Command, 'name' | 'examples'>): readonly string[] {
  return command.examples ?? EXAMPLES[command.name] ?? [];
}

/** The name of a command's page: `shale-image-layers`. */
export function pageName(name: string): string {
  return `shale-${name.replaceAll(' ', '-')}`;
}

export function shownFlags(flags: readonly FlagSpec[]): FlagSpec[] {
  return flags.filter(flag => flag.hidden !== true);
}

function usageOf({ name, operands }: Command): string {
  return `shale ${name} [OPTIONS]${operands === '' ? '' : ` ${operands}`}`;
}

/** How a flag is written: `-o, --output FILE`. */
export function flagUsage({ short, name, kind, value }: FlagSpec): string {
  const letter = short === undefined ? '' : `-${short}, `;
  const argument = kind === 'bool' || kind === 'optional' ? '' : ` ${value ?? 'string'}`;
  return `${letter}--${name}${argument}`;
}

/** A command's page in Markdown. */
export function markdownPage(command: Command): string {
  const { name, aliases = [], summary } = command;
  const flags = shownFlags(command.flags);
  const cell = (text: string): string => text.replaceAll('|', '\\|').replaceAll('<', '&lt;');
  const sections = [
    `# shale ${name}`,
    `${summary}.`,
    `    ${usageOf(command)}`,
    ...(aliases.length > 0 ? [`Also: ${aliases.map(alias => `\`shale ${alias}\``).join(', ')}.`] : []),
    ...(flags.length > 0
      ? [
          '## Options',
          [
            '| option | meaning |',
            '|---|---|',
            ...flags.map(flag => `| \`${flagUsage(flag).replaceAll('|', '\\|')}\` | ${cell(flag.help)} |`),
          ].join('\n'),
        ]
      : []),
    '## Examples',
    examplesOf(command)
      .map(line => `    ${line}`)
      .join('\n'),
  ];
  return `${sections.join('\n\n')}\n`;
}

/** The list of all pages in Markdown. */
export function markdownIndex(commands: readonly Pick<Command, 'name' | 'summary'>[]): string {
  const rows = commands.map(
    ({ name, summary }) => `| [${name}](${pageName(name)}.md) | ${summary.replaceAll('|', '\\|')} |`,
  );
  return `# Commands\n\n| command | what it does |\n|---|---|\n${rows.join('\n')}\n`;
}

/** Text as roff shows it: no character of it is a request, an escape or a hyphen that could be broken at. */
function roff(text: string): string {
  return text
    .replaceAll('\\', '\\e')
    .replaceAll('-', '\\-')
    .replace(/^(?=[.'])/gm, '\\&')
    .replaceAll('…', '...');
}

function roffFlag(flag: FlagSpec): string {
  return `.TP\n\\fB${roff(flagUsage(flag))}\\fR\n${roff(flag.help)}`;
}

/** A command's manual page, section 1. @param version of the program, for the footer */
export function manPage(command: Command, globals: readonly FlagSpec[], version: string): string {
  const { name, aliases = [], summary } = command;
  const flags = shownFlags(command.flags);
  const parts = [
    `.TH "${roff(pageName(name).toUpperCase())}" 1 "" "shale ${roff(version)}" "Shale"`,
    `.SH NAME\n${roff(pageName(name))} \\- ${roff(summary)}`,
    `.SH SYNOPSIS\n\\fB${roff(`shale ${name}`)}\\fR [OPTIONS] ${roff(command.operands)}`.trimEnd(),
    ...(aliases.length > 0
      ? [`.SH "OTHER NAMES"\n${aliases.map(alias => roff(`shale ${alias}`)).join(',\n')}`]
      : []),
    ...(flags.length > 0 ? [`.SH OPTIONS\n${flags.map(roffFlag).join('\n')}`] : []),
    `.SH "GLOBAL OPTIONS"\nThese stand before the command.\n${shownFlags(globals).map(roffFlag).join('\n')}`,
    `.SH EXAMPLES\n.nf\n${examplesOf(command).map(roff).join('\n')}\n.fi`,
    `.SH "SEE ALSO"\n.BR shale (1)`,
  ];
  return `${parts.join('\n')}\n`;
}

/** The manual page of the program. */
export function manIndex(
  commands: readonly Pick<Command, 'name' | 'summary'>[],
  globals: readonly FlagSpec[],
  version: string,
): string {
  const rows = commands.map(({ name, summary }) => `.TP\n.BR ${roff(pageName(name))} (1)\n${roff(summary)}`);
  return [
    `.TH SHALE 1 "" "shale ${roff(version)}" "Shale"`,
    '.SH NAME\nshale \\- builds, runs and looks into OCI images without root and without a daemon',
    '.SH SYNOPSIS\n\\fBshale\\fR [OPTIONS] COMMAND',
    `.SH OPTIONS\n${shownFlags(globals).map(roffFlag).join('\n')}`,
    `.SH COMMANDS\n${rows.join('\n')}`,
    '',
  ].join('\n');
}
