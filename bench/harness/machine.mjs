// Where it was measured: without it no number means anything.
import { spawnSync } from 'node:child_process';
import { cpus, loadavg, release, totalmem } from 'node:os';
import { engineFacts } from '../../dist/layer/index.js';
import { onPath } from './process.mjs';

const PROGRAMS = ['openssl', 'tar', 'gzip', 'pigz', 'zstd', 'buildah', 'podman', 'docker'];

function version(program) {
  const args = program === 'openssl' ? ['version'] : ['--version'];
  return spawnSync(program, args, { encoding: 'utf8' }).stdout?.split('\n')[0]?.trim() ?? '';
}

export function machine() {
  const { engine, native, wasm } = engineFacts();
  return {
    cpu: cpus()[0]?.model ?? 'unknown',
    cores: cpus().length,
    memory: totalmem(),
    kernel: release(),
    node: process.version,
    engine: [engine, native?.sha256, wasm].filter(Boolean).join(', '),
    load: load(),
    programs: PROGRAMS.filter(onPath).map(version),
  };
}

/** Load average of the last minute: above the number of cores, others were measured too. */
export const load = () => Number((loadavg()[0] ?? 0).toFixed(2));
