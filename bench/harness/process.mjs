// Commands that are timed, and how much memory they take.
import { spawn } from 'node:child_process';
import { accessSync, constants, readdirSync, readFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';

/** Runs a command and waits for it; its output is only shown when it fails. */
export function command(program, args, options = {}) {
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, { ...options, stdio: ['ignore', 'pipe', 'pipe'] });
    let stdout = '';
    let stderr = '';
    child.stdout.on('data', text => {
      stdout += text;
    });
    child.stderr.on('data', text => {
      stderr = (stderr + text).slice(-4000);
    });
    child.on('error', reject);
    child.on('close', status => {
      if (status === 0) resolve(stdout);
      else reject(new Error(`${program} ${args.join(' ')}: status ${status}: ${stderr.slice(-600).trim()}`));
    });
    options.started?.(child);
  });
}

/** A pipeline in which every part must succeed; `$1`, `$2` … are `args`. */
export const shell = (script, ...args) => command('bash', ['-o', 'pipefail', '-c', script, 'bench', ...args]);

/** Absolute path of a program in PATH, or undefined. */
export function onPath(name) {
  const isExecutable = file => {
    try {
      accessSync(file, constants.X_OK);
      return true;
    } catch {
      return false;
    }
  };
  return (process.env.PATH ?? '')
    .split(delimiter)
    .map(dir => join(dir, name))
    .find(isExecutable);
}

/** Bytes that a command and what it starts hold at most, summed over the processes. */
export async function peakMemory(program, args) {
  const peaks = new Map();
  let timer;
  const started = child => {
    const look = () => {
      for (const pid of family(child.pid)) peaks.set(pid, Math.max(peaks.get(pid) ?? 0, highWater(pid)));
    };
    look();
    // The kernel keeps the high-water mark: only what grows in the last interval can be missed.
    timer = setInterval(look, 10);
  };
  try {
    await command(program, args, { started });
  } finally {
    clearInterval(timer);
  }
  return [...peaks.values()].reduce((sum, bytes) => sum + bytes, 0);
}

function family(pid) {
  const found = [pid];
  for (const parent of found) {
    try {
      for (const task of readdirSync(`/proc/${parent}/task`)) {
        const children = readFileSync(`/proc/${parent}/task/${task}/children`, 'utf8').trim();
        if (children !== '') found.push(...children.split(' ').map(Number));
      }
    } catch {
      // It has ended.
    }
  }
  return found;
}

function highWater(pid) {
  try {
    const found = /^VmHWM:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'));
    return found === null ? 0 : Number(found[1]) * 1024;
  } catch {
    return 0;
  }
}
