import { bytes, escapeHtml, percent } from './html.js';
import { hue, treemapSvg } from './map.js';
import type { ImageReport, ReportedLayer } from './report.js';
import { STYLE } from './style.js';

const LARGEST = 40;
const LISTED = 15;

/** Nothing of the page may run, load or be sent, whatever an image brings into it. */
const POLICY = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'";

interface FoundFile {
  path: string;
  size: number;
  layer: number;
  hiddenBy?: number;
}

/** The report as one page without scripts that loads nothing. */
export function reportPage(report: ImageReport): string {
  const files = report.layers.flatMap((layer, at) => layer.files.map(file => ({ ...file, layer: at })));
  const total = report.layers.reduce((sum, { size }) => sum + size, 0);
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${POLICY}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="referrer" content="no-referrer">
<title>${escapeHtml(report.name)} – image report</title>
<style>${STYLE}</style>
</head>
<body>
<main>
${head(report, files, total)}
<h2>Where the bytes are</h2>
<div class="card">${total === 0 ? '<p class="empty">No layer has a file.</p>' : treemapSvg(report)}
<p class="legend"><i></i>replaced or removed by a later layer: these bytes travel for nothing. Point at a block for its path.</p></div>
<h2>Layers</h2>
<div class="layers">${report.layers.map((layer, at) => layerDetails(layer, at, report.layers)).join('\n')}</div>
<h2>Largest files</h2>
${fileTable(largest(files.filter(({ hiddenBy }) => hiddenBy === undefined)), 'The image has no files.')}
<h2>Wasted space</h2>
${fileTable(largest(files.filter(({ hiddenBy }) => hiddenBy !== undefined)), 'Nothing: no layer replaces or removes a file of another.')}
<h2>Configuration</h2>
<div class="card"><table class="facts">${report.facts.map(([name, value]) => `<tr><th>${escapeHtml(name)}</th><td class="p mono">${escapeHtml(value)}</td></tr>`).join('')}</table></div>
<footer>Made by shale image report, from the layers' indexes.</footer>
</main>
</body>
</html>
`;
}

function head(report: ImageReport, files: readonly FoundFile[], total: number): string {
  const wasted = report.layers.reduce((sum, layer) => sum + layer.wasted, 0);
  const seen = files.filter(({ hiddenBy }) => hiddenBy === undefined).length;
  const tiles = [
    [bytes(total), 'in all layers'],
    [String(report.layers.length), report.layers.length === 1 ? 'layer' : 'layers'],
    [seen.toLocaleString('en'), 'files a container sees'],
    [bytes(wasted), `wasted (${percent(wasted, total)})`],
    [percent(total - wasted, total), 'efficiency'],
  ];
  const created = report.created === '' ? '' : ` · created ${escapeHtml(report.created)}`;
  return `<header><h1>${escapeHtml(report.name)}</h1>
<p class="mono">${escapeHtml(report.id)}</p><p>${escapeHtml(report.platform)}${created}</p></header>
<div class="tiles">${tiles.map(([value = '', name = '']) => `<div class="tile"><b>${escapeHtml(value)}</b><span>${escapeHtml(name)}</span></div>`).join('')}</div>`;
}

function layerDetails(layer: ReportedLayer, at: number, all: readonly ReportedLayer[]): string {
  const most = Math.max(1, ...all.map(({ size }) => size));
  const width = (part: number): string => `${((100 * part) / most).toFixed(1)}%`;
  const { added, changed, removed } = layer;
  const counts = [
    `${added.count} added (${bytes(added.bytes)})`,
    `${changed.count} changed (${bytes(changed.bytes)})`,
    `${removed.count} removed (${bytes(removed.bytes)})`,
    `${bytes(layer.wasted)} wasted`,
  ];
  return `<details style="--h:${hue(at)}"><summary><span class="no">${at + 1}</span><code>${escapeHtml(layer.command || '(no command is known)')}</code><span class="bar"><u style="width:${width(layer.size - layer.wasted)}"></u><u class="w" style="width:${width(layer.wasted)}"></u></span><span class="num">${bytes(layer.size)}</span></summary>
<div class="body"><pre class="mono">${escapeHtml(layer.command || '(no command is known)')}</pre><p class="counts">${counts.join(' · ')}<br><span class="mono">${escapeHtml(layer.diffId)}</span></p>
${fileTable(largest(layer.files.map(file => ({ ...file, layer: at }))).slice(0, LISTED), 'It brings no files.')}${removals(layer)}</div></details>`;
}

function removals({ removals: paths }: ReportedLayer): string {
  if (paths.length === 0) return '';
  const more = paths.length > LISTED ? `\n… and ${paths.length - LISTED} more` : '';
  return `<p class="counts">Removes</p><pre class="mono">${escapeHtml(paths.slice(0, LISTED).join('\n'))}${more}</pre>`;
}

function largest(files: readonly FoundFile[]): FoundFile[] {
  return files
    .filter(({ size }) => size > 0)
    .sort((a, b) => b.size - a.size || (a.path < b.path ? -1 : 1))
    .slice(0, LARGEST);
}

function fileTable(files: readonly FoundFile[], none: string): string {
  if (files.length === 0) return `<div class="card"><p class="empty">${none}</p></div>`;
  const rows = files.map(({ path, size, layer, hiddenBy }) => {
    const name = escapeHtml(path);
    const shown = hiddenBy === undefined ? name : `<s>${name}</s>`;
    const where = hiddenBy === undefined ? `${layer + 1}` : `${layer + 1}, hidden by ${hiddenBy + 1}`;
    return `<tr><td class="p mono">${shown}</td><td class="num">${where}</td><td class="num">${bytes(size)}</td></tr>`;
  });
  return `<div class="card"><table><tr><th>File</th><th class="num">Layer</th><th class="num">Size</th></tr>${rows.join('')}</table></div>`;
}
