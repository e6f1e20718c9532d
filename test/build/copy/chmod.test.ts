import t from 'tap';
import { parseChmod } from '../../../lib/build/copy/chmod.js';

const CASES: [text: string, mode: number, isDirectory: boolean, result: number][] = [
  ['755', 0o644, false, 0o755],
  ['0600', 0o644, false, 0o600],
  ['4711', 0o644, false, 0o4711],
  ['u+x', 0o644, false, 0o744],
  ['go-r', 0o644, false, 0o600],
  ['a=rX', 0o600, true, 0o555],
  ['a=rX', 0o600, false, 0o444],
  ['a=rX', 0o700, false, 0o555],
  ['u=rwX,go=rX', 0o700, false, 0o755],
  ['u=rwX,go=rX', 0o600, false, 0o644],
  ['+x', 0o644, false, 0o755],
  ['u+s', 0o755, false, 0o4755],
  ['g+s,o+t', 0o755, true, 0o3755],
  ['g=u', 0o740, false, 0o770],
  ['o=', 0o755, false, 0o750],
];

for (const [text, mode, isDirectory, result] of CASES) {
  t.test(`${text} on ${mode.toString(8)}`, async t => {
    t.equal(parseChmod(text)(mode, isDirectory).toString(8), result.toString(8));
  });
}

for (const text of ['888', '77777', 'u+q', 'x', '', 'u=rwx,']) {
  t.test(`refuses ${JSON.stringify(text)}`, async t => {
    t.throws(() => parseChmod(text), { code: 'DOCKERFILE_INVALID_CHMOD' });
  });
}
