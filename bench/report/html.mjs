// The results as one page that needs nothing else: bars drawn with CSS, one chart per row.
import { duration, memory, rate, ratio } from './format.mjs';

const escaped = text => String(text).replace(/[&<>"]/g, sign => `&#${sign.charCodeAt(0)};`);

const STYLE = `
:root { color-scheme: light dark; --ours: #2f7d6b; --peer: #8a93a6; --line: #8884; }
body { font: 15px/1.5 system-ui, sans-serif; max-width: 60rem; margin: 2rem auto; padding: 0 1rem; }
h1 { font-size: 1.6rem } h2 { margin-top: 2.5rem; border-bottom: 1px solid var(--line) } h3 { margin: 1.4rem 0 .3rem; font-size: 1rem }
.bar { display: grid; grid-template-columns: 11rem 1fr 23rem; gap: .6rem; align-items: center; font-variant-numeric: tabular-nums }
.bar i { display: block; height: .9rem; min-width: 2px; border-radius: 2px; background: var(--peer) }
.bar.ours i { background: var(--ours) } .bar.ours b { color: var(--ours) }
.bar b { font-weight: 600; text-align: right } .bar span { font-size: .85rem; white-space: nowrap }
table { border-collapse: collapse } td, th { padding: .2rem .8rem .2rem 0; text-align: left; border-bottom: 1px solid var(--line) }
.no { color: #b3402f } .yes { color: var(--ours) } p.note { opacity: .75 }`;

function chart({ input, results }) {
  const longest = Math.max(...results.map(({ seconds }) => seconds ?? 0));
  return `<h3>${escaped(input)}</h3>\n${results.map(result => bar(result, longest)).join('\n')}`;
}

function bar(result, longest) {
  const label = `<b>${escaped(result.name)}</b>`;
  if (result.failed !== undefined)
    return `<div class="bar">${label}<em>failed</em><span title="${escaped(result.failed)}">${escaped(result.failed.slice(0, 40))}</span></div>`;
  const facts = [
    duration(result.seconds),
    rate(result.rate),
    result.ratio === undefined ? '' : `${ratio(result.ratio)} the speed`,
    result.size === undefined ? '' : `→ ${memory(result.size)}`,
    result.peak === undefined ? '' : `peak ${memory(result.peak)}`,
  ].filter(Boolean);
  const width = (100 * result.seconds) / longest;
  return `<div class="bar${result.ours ? ' ours' : ''}">${label}<i style="width:${width.toFixed(1)}%"></i><span>${escaped(facts.join(' · '))}</span></div>`;
}

function barTable(bars) {
  const rows = bars.map(({ work, bar, measured, met }) => {
    const verdict = met === undefined ? '' : met ? '<td class="yes">met</td>' : '<td class="no">not met</td>';
    return `<tr><td>${escaped(work.replaceAll('\\|', '|'))}</td><td>${escaped(bar)}</td><td>${escaped(measured)}</td>${verdict}</tr>`;
  });
  return `<table><tr><th>work</th><th>bar</th><th>measured</th><th></th></tr>\n${rows.join('\n')}</table>`;
}

/** @returns {string} the page; the numbers behind it are in it as JSON */
export function html(report) {
  const { date, quick, machine, loadAtEnd, groups } = report;
  const facts = [
    `${machine.cores} cores, ${machine.cpu}`,
    `Linux ${machine.kernel}`,
    `Node ${machine.node}`,
    `engine ${machine.engine}`,
    `load average ${machine.load} → ${loadAtEnd}`,
    ...machine.programs,
  ];
  return `<!doctype html>
<html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>Shale bench</title>
<style>${STYLE}</style>
<h1>Shale bench</h1>
<p>${escaped(date)}${quick ? ', quick run' : ''}</p>
<p class="note">${facts.map(escaped).join(' · ')}</p>
<p class="note">Shorter is faster. Runs are interleaved, times are medians; “the speed” is relative to the first peer of each chart.</p>
<h2>Bars</h2>
${barTable(report.bars)}
${groups.map(({ title, rows }) => `<h2>${escaped(title)}</h2>\n${rows.map(chart).join('\n')}`).join('\n')}
<script type="application/json" id="results">${JSON.stringify(report).replaceAll('<', '\\u003c')}</script>
</html>
`;
}
