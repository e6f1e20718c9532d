import { list } from '../api/containers/observe.js';
import { ContainerError, UsageError } from '../util/errors.js';
import type { Invocation } from './command.js';
import type { FlagSpec } from './flags.js';

/** podman's, for commands that take one container. */
export const LATEST_FLAG: FlagSpec = {
  name: 'latest',
  short: 'l',
  kind: 'bool',
  help: 'The container that was made last, instead of a name',
};

/** The container of a command line. @throws UsageError `USAGE_ARGUMENTS`; ContainerError `CONTAINER_UNKNOWN` */
export async function containerOperand(
  { flags, operands, options }: Invocation,
  command: string,
): Promise<string> {
  const [name] = operands;
  const latest = flags.bool('latest');
  if (latest && name !== undefined)
    throw new UsageError('USAGE_ARGUMENTS', '--latest and containers cannot be used together');
  if (name !== undefined) return name;
  if (!latest)
    throw new UsageError('USAGE_ARGUMENTS', `'shale ${command}' requires 1 argument`, {
      hint: `Usage:  shale ${command} [OPTIONS] CONTAINER`,
    });
  const [found] = await list({ ...options, last: 1 });
  if (found === undefined) throw new ContainerError('CONTAINER_UNKNOWN', 'there is no container');
  return found.record.id;
}
