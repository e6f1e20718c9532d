// Parts of npm packages that are no dependencies: sources and programs for building and testing. Nothing of them is
// installed, and no script of theirs is run.
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const CACHE = join(dirname(fileURLToPath(import.meta.url)), '../node_modules/.cache/shale');

function run(command, args) {
  const { status, stderr, error } = spawnSync(command, args, { encoding: 'utf8' });
  if (status !== 0) throw new Error(`${command} ${args.join(' ')}: ${error?.message ?? stderr.trim()}`);
}

function verify(file, integrity) {
  const found = `sha512-${createHash('sha512').update(readFileSync(file)).digest('base64')}`;
  if (found !== integrity) throw new Error(`${file} is not what it was: its digest is ${found}`);
}

/**
 * @param {string} spec name@version
 * @param {string} integrity as in a lock file
 * @param {string} path of a file or directory in the package
 * @returns {string} where that lies; fetched once
 */
export function fromPackage(spec, integrity, path) {
  const kept = join(CACHE, spec.replace('/', '+'));
  const wanted = join(kept, 'package', path);
  if (existsSync(wanted)) return wanted;
  mkdirSync(CACHE, { recursive: true });
  const made = mkdtempSync(join(CACHE, 'fetch-'));
  try {
    run('npm', ['pack', spec, '--silent', '--pack-destination', made]);
    const archive = join(made, readdirSync(made)[0]);
    verify(archive, integrity);
    run('tar', ['-xzf', archive, '-C', made, `package/${path}`]);
    rmSync(archive);
    rmSync(kept, { recursive: true, force: true });
    renameSync(made, kept);
  } finally {
    rmSync(made, { recursive: true, force: true });
  }
  return wanted;
}
