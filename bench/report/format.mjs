// Numbers as people read them.

export function duration(seconds) {
  if (seconds >= 10) return `${seconds.toFixed(1)} s`;
  if (seconds >= 1) return `${seconds.toFixed(2)} s`;
  if (seconds >= 1e-3) return `${(seconds * 1e3).toPrecision(3)} ms`;
  return `${(seconds * 1e6).toPrecision(3)} µs`;
}

export const rate = megabytes => (megabytes === undefined ? '' : `${Math.round(megabytes)} MB/s`);
export const ratio = times => (times === undefined ? '' : `${times.toFixed(2)} ×`);
export const memory = bytes => (bytes === undefined ? '' : `${Math.round(bytes / 1e6)} MB`);
