import type { ShaleOptions } from '../api/options.js';
import { nearest } from '../dockerfile/suggest.js';
import type { StorageDriver } from '../sandbox/types.js';
import { isShaleError, UsageError } from '../util/errors.js';
import type { Command } from './command.js';
import { type FlagSpec, type Flags, parseFlags } from './flags.js';
import { GLOBALS } from './globals.js';
import { commandHelp, programHelp } from './help.js';
import { print } from './print.js';
import { COMMANDS, commandsOf, findCommand } from './registry.js';
import { reportError } from './report.js';
import { interruptible } from './signals.js';
import { version } from './version.js';

const HELP: FlagSpec = { name: 'help', kind: 'bool', help: 'Print usage', hidden: true };

/**
 * Runs one command line.
 * @returns the exit code, docker's: 0, 1 for an error, 125 for a flag that there is not and when `run` itself failed,
 *   130 after Ctrl-C
 */
export async function main(argv: readonly string[]): Promise<number> {
  let command: Command | undefined;
  let debug = false;
  const interrupt = interruptible();
  try {
    const { flags, operands } = parseFlags(GLOBALS, argv, false);
    debug = flags.bool('debug');
    if (flags.bool('version')) return print(`shale version ${await version()}\n`);
    if (operands.length === 0 || operands[0] === 'help' || flags.bool('help')) return await help(operands);
    if (operands[0] === '__complete') {
      const { answerCompletion } = await import('./completion/answer.js');
      return print(await answerCompletion(operands.slice(2), globalOptions(flags)));
    }
    const found = await findCommand(operands);
    if (found === undefined) return await unknown(operands);
    command = found.command;
    return await invoke(command, found.rest, { ...globalOptions(flags), signal: interrupt.signal });
  } catch (error) {
    if (interrupt.code() !== undefined) return interrupt.code() ?? 1;
    await reportError(error, { command: command?.name, debug });
    return isShaleError(error) ? exitCodeOf(error, command) : exitCodeOf(undefined, command);
  } finally {
    interrupt.end();
  }
}

async function invoke(
  command: Command,
  words: string[],
  options: ShaleOptions & { signal: AbortSignal },
): Promise<number> {
  const { flags, operands } = parseFlags([...command.flags, HELP], words, command.interspersed ?? true);
  if (flags.bool('help')) return print(commandHelp(command, GLOBALS));
  checkArity(command, operands);
  return command.run({ flags, operands, options });
}

function checkArity(command: Command, operands: readonly string[]): void {
  const { min = 0, max = Number.POSITIVE_INFINITY } = command.arity ?? {};
  if (operands.length >= min && operands.length <= max) return;
  const count = (n: number): string => `${n} argument${n === 1 ? '' : 's'}`;
  const wanted =
    min === max
      ? max === 0
        ? 'accepts no arguments'
        : `requires ${count(min)}`
      : operands.length < min
        ? `requires at least ${count(min)}`
        : `requires at most ${count(max)}`;
  throw new UsageError('USAGE_ARGUMENTS', `'shale ${command.name}' ${wanted}`, {
    hint: `Usage:  shale ${command.name} [OPTIONS] ${command.operands}`.trimEnd(),
    detail: { cliExitCode: 1 },
  });
}

function globalOptions(flags: Flags): ShaleOptions {
  const driver = flags.string('storage-driver') ?? process.env.SHALE_STORAGE_DRIVER;
  const drivers: Record<string, StorageDriver> = {
    overlay: 'overlay',
    overlay2: 'overlay',
    'fuse-overlayfs': 'fuse-overlayfs',
    vfs: 'vfs',
    copy: 'vfs',
  };
  if (driver !== undefined && drivers[driver] === undefined) {
    throw new UsageError('USAGE_FLAG_VALUE', `unknown storage driver "${driver}"`, {
      hint: 'one of overlay, fuse-overlayfs, vfs',
    });
  }
  return {
    root: flags.string('root'),
    storageDriver: driver === undefined ? undefined : drivers[driver],
    runtime: flags.string('runtime') ?? process.env.SHALE_RUNTIME,
    onNote: note => process.stderr.write(`note: ${note}\n`),
  };
}

async function help(operands: readonly string[]): Promise<number> {
  const words = operands[0] === 'help' ? operands.slice(1) : operands;
  const found = words.length > 0 ? await findCommand(words) : undefined;
  if (found !== undefined) return print(commandHelp(found.command, GLOBALS));
  const group = words[0] === undefined ? [] : commandsOf(words[0]);
  return print(programHelp(group.length > 0 ? group : COMMANDS, GLOBALS));
}

async function unknown(operands: readonly string[]): Promise<number> {
  const [word = ''] = operands;
  const group = commandsOf(word);
  if (group.length > 0 && operands.length === 1) return print(programHelp(group, GLOBALS));
  const { refusalOf } = await import('./refused-commands.js');
  const refusal = refusalOf(operands);
  if (refusal !== undefined)
    throw new UsageError('USAGE_COMMAND_REFUSED', refusal.message, { hint: refusal.hint });
  const names = COMMANDS.flatMap(({ name, aliases = [] }) => [name, ...aliases]);
  const typed = operands.slice(0, group.length > 0 ? 2 : 1).join(' ');
  const meant = nearest(typed, names);
  throw new UsageError('USAGE_UNKNOWN_COMMAND', `'${typed}' is not a shale command.`, {
    hint: meant === undefined ? "See 'shale --help'" : `did you mean ${meant}?`,
  });
}

/** docker's: an error of the tool itself is 125 for `run`, whose other codes belong to the container. */
function exitCodeOf(
  error: { detail?: Record<string, unknown> } | undefined,
  command: Command | undefined,
): number {
  const own = error?.detail?.cliExitCode;
  if (typeof own === 'number') return own;
  return command?.name === 'run' ? 125 : 1;
}
