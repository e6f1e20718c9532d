/** The style of the report: light and dark by what the reader's system prefers, no font or picture from elsewhere. */
export const STYLE = `
:root { color-scheme: light dark; --page: #f6f7f9; --card: #fff; --ink: #1b2330; --soft: #5d6878; --line: #dfe4ea;
  --accent: #1769c2; --bad: #c2392b; --dir: 88%; --file: 80%; --sat: 55%; --mapink: #16202c; }
@media (prefers-color-scheme: dark) { :root { --page: #12161c; --card: #1a2028; --ink: #e6ebf1; --soft: #97a3b3;
  --line: #2c3541; --accent: #6db3ff; --bad: #ff7b6b; --dir: 20%; --file: 31%; --sat: 38%; --mapink: #eef3f8; } }
* { box-sizing: border-box; }
body { margin: 0; background: var(--page); color: var(--ink);
  font: 15px/1.5 system-ui, -apple-system, "Segoe UI", Roboto, "DejaVu Sans", sans-serif; }
main { max-width: 1280px; margin: 0 auto; padding: 28px 24px 60px; }
header p { margin: 2px 0 0; color: var(--soft); overflow-wrap: anywhere; }
h1 { margin: 0; font-size: 26px; overflow-wrap: anywhere; }
h2 { margin: 34px 0 10px; font-size: 18px; }
code, .mono { font: 13px/1.45 ui-monospace, SFMono-Regular, Menlo, Consolas, "DejaVu Sans Mono", monospace; }
.tiles { display: grid; grid-template-columns: repeat(auto-fit, minmax(150px, 1fr)); gap: 12px; margin: 20px 0 0; }
.tile { background: var(--card); border: 1px solid var(--line); border-radius: 10px; padding: 12px 16px; }
.tile b { display: block; font-size: 22px; font-weight: 650; letter-spacing: -.01em; }
.tile span { color: var(--soft); font-size: 13px; }
.card { background: var(--card); border: 1px solid var(--line); border-radius: 10px; padding: 12px; overflow-x: auto; }
.map { display: block; width: 100%; height: auto; }
.map rect.d { fill: hsl(var(--h) var(--sat) var(--dir)); stroke: hsl(var(--h) var(--sat) 50% / .55); stroke-width: .6; }
.map rect.f { fill: hsl(var(--h) var(--sat) var(--file)); }
.map rect.d:hover, .map rect.f:hover { stroke: var(--ink); stroke-width: 1.4; }
.map rect.h { pointer-events: none; }
#hidden rect { fill: var(--bad); opacity: .55; }
.map text { fill: var(--mapink); font: 600 11px system-ui, "Segoe UI", "DejaVu Sans", sans-serif; pointer-events: none; }
.map text.n { font-weight: 400; }
.map .s { font-weight: 400; opacity: .7; }
.legend { margin: 8px 2px 0; color: var(--soft); font-size: 13px; }
.legend i { display: inline-block; width: 12px; height: 12px; border-radius: 2px; vertical-align: -1px; margin-right: 5px;
  background: repeating-linear-gradient(45deg, var(--bad) 0 2px, transparent 2px 5px); }
details { background: var(--card); border: 1px solid var(--line); border-top-width: 0; }
.layers details:first-child { border-top-width: 1px; border-radius: 10px 10px 0 0; }
.layers details:last-child { border-radius: 0 0 10px 10px; }
.layers details:only-child { border-radius: 10px; }
summary { display: grid; grid-template-columns: 34px minmax(0, 1fr) 130px 90px; gap: 12px; align-items: center;
  padding: 9px 14px; cursor: pointer; list-style: none; }
summary::-webkit-details-marker { display: none; }
summary:hover { background: color-mix(in srgb, var(--accent) 7%, transparent); }
summary code { white-space: nowrap; overflow: hidden; text-overflow: ellipsis; }
.no { width: 28px; height: 22px; border-radius: 6px; text-align: center; font-weight: 650; font-size: 13px; line-height: 22px;
  background: hsl(var(--h) var(--sat) var(--file)); color: var(--mapink); }
.bar { height: 8px; border-radius: 4px; background: var(--line); overflow: hidden; display: flex; }
.bar u { display: block; background: hsl(var(--h) 55% 52%); }
.bar u.w { background: var(--bad); }
.num { text-align: right; font-variant-numeric: tabular-nums; white-space: nowrap; }
.body { padding: 4px 14px 16px 60px; }
.body pre { margin: 4px 0 12px; padding: 10px 12px; border-radius: 8px; background: var(--page); white-space: pre-wrap;
  overflow-wrap: anywhere; }
.counts { color: var(--soft); margin: 0 0 8px; }
table { border-collapse: collapse; width: 100%; }
th { text-align: left; font-weight: 600; color: var(--soft); font-size: 13px; }
th, td { padding: 5px 10px 5px 0; border-bottom: 1px solid var(--line); vertical-align: top; }
tr:last-child td { border-bottom: 0; }
td.p { overflow-wrap: anywhere; }
td.p s { color: var(--soft); }
.facts th { width: 150px; white-space: nowrap; }
.facts td { white-space: pre-wrap; }
.empty { color: var(--soft); margin: 4px; }
footer { margin-top: 34px; color: var(--soft); font-size: 13px; }
@media (max-width: 720px) { main { padding: 16px 12px 40px; } summary { grid-template-columns: 34px minmax(0, 1fr) 76px; }
  summary .bar { display: none; } .body { padding-left: 14px; } }
@media print { details { break-inside: avoid; } }
`;
