// What the engine is held to, as ratios within one run.
import { memory, ratio } from './format.mjs';

const percent = share => `${(100 * share).toFixed(0)} %`;

/** Looks results up by group, part of the input's label, and name. */
function finder(groups) {
  return (group, input, name) =>
    groups
      .find(({ id }) => id === group)
      ?.rows.find(row => row.input.includes(input))
      ?.results.find(result => result.name.startsWith(name) && result.failed === undefined);
}

/** How many times faster `a` is than `b`. */
const faster = (a, b) => (a === undefined || b === undefined ? undefined : b.seconds / a.seconds);

function bar(work, limit, value, met, show = ratio) {
  if (value === undefined) return { work, bar: limit, measured: 'not measured', met: undefined };
  return { work, bar: limit, measured: show(value), met };
}

function atLeast(work, least, value, show = ratio) {
  return bar(work, `at least ${show(least)}`, value, value >= least, show);
}

function atMost(work, most, value, show = ratio) {
  return bar(work, `at most ${show(most)}`, value, value <= most, show);
}

function largestPeak(groups) {
  const rows = groups.filter(({ id }) => id === 'layers').flatMap(({ rows }) => rows);
  const peaks = rows.flatMap(({ results }) =>
    results.filter(({ ours }) => ours).map(({ peak }) => peak ?? 0),
  );
  return peaks.length === 0 ? undefined : Math.max(...peaks);
}

function growth(find) {
  const [ours, peer] = [
    find('codecs', 'gzip, default', 'shale, native'),
    find('codecs', 'gzip, default', 'gzip -6'),
  ];
  return ours && peer ? ours.size / peer.size - 1 : undefined;
}

const worstStream = (groups, find) => {
  const rows =
    groups.find(({ id }) => id === 'sha256')?.rows.filter(({ input }) => !input.includes('×')) ?? [];
  const ratios = rows.map(({ input }) =>
    faster(find('sha256', input, 'WASM, SIMD'), find('sha256', input, 'hash-wasm')),
  );
  return ratios.length === 0 ? undefined : Math.min(...ratios);
};

export function bars(groups) {
  const find = finder(groups);
  const against = (group, input, ours, peer) => faster(find(group, input, ours), find(group, input, peer));
  return [
    atLeast(
      'large files, diffID: part of `openssl speed` on one core',
      0.85,
      against('layers', 'large files: diffID and index', 'shale, native', 'openssl speed'),
      percent,
    ),
    atLeast(
      '20,000 small files, diffID and index: against `tar \\| openssl sha256`',
      1,
      against('layers', 'small files: diffID and index', 'shale, native', 'tar |'),
    ),
    atLeast(
      '20,000 small files, gzip: against `tar \\| gzip -6`',
      6,
      against('layers', 'small files: diffID, index and gzip', 'shale, native', 'tar | gzip'),
    ),
    atLeast(
      'large files, gzip: against `tar \\| gzip -6`',
      6,
      against('layers', 'large files: diffID, index and gzip', 'shale, native', 'tar | gzip'),
    ),
    atMost('size of gzip at the default level, beyond `gzip -6`', 0.08, growth(find), percent),
    atLeast(
      'apply 20,000 files: against `tar -x`',
      1,
      against('layers', 'small files: apply', 'shale, native', 'tar -x'),
    ),
    atLeast('WASM sha256, one stream, at the worst size: against hash-wasm', 1.1, worstStream(groups, find)),
    atLeast(
      'WASM sha256, batch of 4 KiB inputs: against hash-wasm',
      1.4,
      against('sha256', '× 4 KiB', 'WASM, SIMD', 'hash-wasm'),
    ),
    atMost(
      'digests of 20,000 unchanged files: time of `find -printf`',
      1.5,
      against('bookkeeping', 'digests', 'find', 'shale, native'),
    ),
    atMost('peak memory of an engine', 200e6, largestPeak(groups), memory),
  ];
}
