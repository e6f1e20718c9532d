import { copyFrom, copyTo } from '../../api/containers/copy.js';
import { UsageError } from '../../util/errors.js';
import type { Command } from '../command.js';
import { refused } from '../refused-flags.js';

export const cp: Command = {
  name: 'cp',
  aliases: ['container cp'],
  summary: 'Copy files between a container and this machine',
  operands: 'CONTAINER:SRC DEST|- | SRC|- CONTAINER:DEST',
  arity: { min: 2, max: 2 },
  flags: [
    refused(
      'overwrite',
      'bool',
      'a directory is not replaced by a file, nor a file by a directory',
      'remove it first',
    ),
    { name: 'archive', short: 'a', kind: 'bool', help: 'Keep owners' },
    { name: 'follow-link', short: 'L', kind: 'bool', help: 'Follow a link at the end of SRC' },
    { name: 'quiet', short: 'q', kind: 'bool', help: 'Accepted: nothing is printed' },
  ],
  examples: ['shale cp box:/etc/hosts .', 'shale cp ./site/. box:/srv', 'tar c . | shale cp - box:/srv'],
  run: async ({ flags, operands, options }) => {
    const [source, target] = operands.map(parseOperand);
    const how = { ...options, archive: flags.bool('archive'), followLink: flags.bool('follow-link') };
    if (source?.container !== undefined && target?.container !== undefined)
      throw new UsageError('USAGE_COPY', 'copying between containers is not supported');
    if (source?.container !== undefined) {
      const to = target?.path === '-' ? process.stdout : (target?.path ?? '');
      await copyFrom({ ...how, container: source.container, path: source.path, to });
      return 0;
    }
    if (target?.container === undefined)
      throw new UsageError('USAGE_COPY', 'must specify at least one container source');
    const from = source?.path === '-' ? process.stdin : (source?.path ?? '');
    await copyTo({ ...how, container: target.container, path: target.path, from });
    return 0;
  },
};

/** `CONTAINER:PATH`; a path of this machine with a colon begins with `/` or `.`. */
function parseOperand(text: string): { container?: string; path: string } {
  const colon = text.indexOf(':');
  if (colon < 1 || /^[./]/.test(text)) return { path: text };
  return { container: text.slice(0, colon), path: text.slice(colon + 1) || '/' };
}
