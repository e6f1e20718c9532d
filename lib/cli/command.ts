import type { ShaleOptions } from '../api/options.js';
import type { FlagSpec, Flags } from './flags.js';

/** What every command is given: the parsed line and the world around it. */
export interface Invocation {
  flags: Flags;
  operands: string[];
  /** `--root`, `--storage-driver`, … given before the command, and the signal that Ctrl-C sets */
  options: ShaleOptions & { signal: AbortSignal };
}

export interface Command {
  /** as typed: `build`, `image inspect` */
  name: string;
  /** other ways to type it: `image ls` for `images` */
  aliases?: string[];
  summary: string;
  /** what follows the options: `PATH | URL | -` */
  operands: string;
  /** how many operands there may be; left out: any number */
  arity?: { min: number; max?: number };
  flags: FlagSpec[];
  /** false: options end at the first operand */
  interspersed?: boolean;
  examples?: string[];
  /** returns the exit code */
  run(invocation: Invocation): Promise<number>;
}

/**
 * A command as it is found by its name. Its code is loaded when it is typed: a cached build must not pay for that of
 * the others.
 */
export interface ListedCommand extends Pick<Command, 'name' | 'aliases' | 'summary'> {
  load: () => Promise<Command>;
}
