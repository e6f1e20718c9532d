import type { WorkdirInstruction } from '../../dockerfile/types.js';
import { chainId } from '../../util/digest.js';
import { resolveOwner } from '../../util/passwd.js';
import { cleanAbsolute, toBytePath } from '../../util/paths.js';
import { now } from '../../util/time.js';
import { Destination } from '../copy/destination.js';
import { ROOT } from '../copy/owner.js';
import { HISTORY_COMMENT, recordMetadata } from '../metadata.js';
import type { BuildSession } from '../session.js';
import { configOf, detailsOf, layersOf, type StageState, withConfig, withHistory } from '../state.js';
import type { HowToRun, StepCache } from './step.js';
import { writeLayer } from './write.js';

/** The absolute working directory after `WORKDIR path`: as written when it is absolute, as docker has it. */
export function workdirAfter(state: StageState, path: string): string {
  return path.startsWith('/') ? path : cleanAbsolute(`${configOf(state).WorkingDir ?? '/'}/${path}`);
}

/** WORKDIR: sets the directory and makes it, with the parents that are missing, owned by the stage's user. */
export async function runWorkdir(
  session: BuildSession,
  cache: StepCache,
  state: StageState,
  instruction: WorkdirInstruction,
  how: HowToRun,
): Promise<{ state: StageState; cached: boolean }> {
  const path = workdirAfter(state, instruction.path);
  const next = withConfig(state, { WorkingDir: path });
  if (path === '/') return { state: recordMetadata(next, `WORKDIR ${path}`), cached: true };
  const user = configOf(state).User ?? '';
  const result = await cache.run({
    description: `WORKDIR ${path}`,
    ...how,
    inputs: { step: 'workdir', parent: chainId(layersOf(state)) ?? '', path, user },
    details: () => detailsOf(state),
    execute: async () => {
      const destination = new Destination(await session.merged(layersOf(state)));
      const owner = user === '' ? ROOT : await ownerOf(session, state, user);
      const time = session.epoch ?? Math.floor(Date.parse(now()) / 1000);
      destination.makeDirectories(toBytePath(path), 0o755, owner, time);
      return writeLayer(session, destination.entries());
    },
  });
  const entry = { created: result.created, created_by: `WORKDIR ${path}`, comment: HISTORY_COMMENT };
  return { state: withHistory(next, entry, result.layer), cached: result.cached };
}

/** Ids of `user[:group]` as the files of the image's layers give them. */
export async function ownerOf(
  session: BuildSession,
  state: StageState,
  owner: string,
): Promise<{ uid: number; gid: number }> {
  const layers = layersOf(state);
  const passwd = await session.readText(layers, '/etc/passwd');
  // what variables left empty is root: `--chown=${NONE}:${NONE}`
  const [user = '', group = ''] = owner.split(':');
  const whole = `${user || '0'}${group === '' && user !== '' ? '' : `:${group || '0'}`}`;
  return resolveOwner(whole, passwd, await session.readText(layers, '/etc/group'));
}
