import { Writable } from 'node:stream';
import { UsageError } from '../../util/errors.js';
import { type FlagSpec, type Flags, invalidArgument } from '../flags.js';

export const ATTACH_FLAG: FlagSpec = {
  name: 'attach',
  short: 'a',
  kind: 'list',
  value: 'STREAM',
  help: 'Connect stdin, stdout or stderr (default: the outputs, and stdin with -i)',
};

/** What `--attach` leaves of the standard streams. */
export interface ChosenStreams {
  /** false: standard input stays where it is */
  input?: boolean;
  /** where an output goes that is not to be seen */
  stdout?: Writable;
  stderr?: Writable;
}

const NAMES = ['stdin', 'stdout', 'stderr'];

/** @throws UsageError `USAGE_FLAG_VALUE` */
export function chosenStreams(flags: Flags): ChosenStreams {
  const wanted = new Set(flags.list('attach').map(text => text.toLowerCase()));
  if (wanted.size === 0) return {};
  const stranger = [...wanted].find(name => !NAMES.includes(name));
  if (stranger !== undefined)
    throw invalidArgument(stranger, '-a, --attach', 'valid streams are STDIN, STDOUT and STDERR');
  if (flags.bool('detach'))
    throw new UsageError(
      'USAGE_FLAG_VALUE',
      'conflicting options: cannot specify both --attach and --detach',
    );
  return {
    ...(wanted.has('stdin') ? {} : { input: false }),
    ...(wanted.has('stdout') ? {} : { stdout: nowhere() }),
    ...(wanted.has('stderr') ? {} : { stderr: nowhere() }),
  };
}

function nowhere(): Writable {
  return new Writable({ write: (_chunk, _encoding, done) => done() });
}
