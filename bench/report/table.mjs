// The results as Markdown, for the terminal and for the README: between its markers, never written by hand.
import { readFileSync, writeFileSync } from 'node:fs';
import { duration, memory, rate, ratio } from './format.mjs';

const BEGIN = '<!-- bench: begin -->';
const END = '<!-- bench: end -->';

function line(input, result) {
  if (result.failed !== undefined)
    return `| ${input} | ${result.name.replaceAll('|', '\\|')} | failed | | | |`;
  const label = result.name.replaceAll('|', '\\|');
  const name = result.ours ? `**${label}**` : label;
  const size = result.size === undefined ? '' : ` → ${memory(result.size)}`;
  const cells = [
    duration(result.seconds),
    rate(result.rate) + size,
    ratio(result.ratio),
    memory(result.peak),
  ];
  return `| ${input} | ${name} | ${cells.join(' | ')} |`;
}

/** One Markdown table per group. */
export function table(groups) {
  return groups
    .map(({ title, rows }) =>
      [
        `**${title}**\n`,
        '| | | median | rate | to the first peer | peak memory |',
        '|---|---|--:|--:|--:|--:|',
        ...rows.flatMap(({ input, results }) =>
          results.map((result, i) => line(i === 0 ? input : '', result)),
        ),
      ].join('\n'),
    )
    .join('\n\n');
}

function summary({ date, machine, loadAtEnd, buildRounds }) {
  const day = date.slice(0, 10);
  const builds = buildRounds === 1 ? 'once and without a run to warm up' : `${buildRounds} times`;
  return (
    `Measured ${day} on ${machine.cores} cores (${machine.cpu}), Linux ${machine.kernel}, Node ${machine.node}; load average ` +
    `${machine.load} at the start, ${loadAtEnd} at the end. Peers: ${machine.programs.join('; ')}. Interleaved runs, medians; whole ` +
    `builds ${builds}. Absolute times of a shared machine prove little; the ratios are what counts. \`npm run bench\` writes this table.`
  );
}

/** The table between the markers of the README is replaced; without markers nothing is. */
export function writeReadme(path, report) {
  const text = readFileSync(path, 'utf8');
  const [begin, end] = [text.indexOf(BEGIN), text.indexOf(END)];
  if (begin < 0 || end < begin) throw new Error(`${path} has no markers ${BEGIN} and ${END}`);
  const barLines = report.bars
    .filter(bar => bar.met !== undefined)
    .map(({ work, bar, measured, met }) => `| ${work} | ${bar} | ${measured} | ${met ? 'yes' : 'no'} |`);
  const barTable = ['| work | bar | measured | met |', '|---|---|---|---|', ...barLines].join('\n');
  const body = [summary(report), barTable, table(report.groups)].join('\n\n');
  writeFileSync(path, `${text.slice(0, begin)}${BEGIN}\n\n${body}\n\n${text.slice(end)}`);
}
