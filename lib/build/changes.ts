import { expandInstruction, parse, parseInstruction } from '../dockerfile/index.js';
import type { ContainerConfig } from '../oci/types.js';
import { UsageError } from '../util/errors.js';
import { applyMetadata, isMetadata } from './metadata.js';
import { configOf, emptyImage, type StageState, stateOf, withConfig } from './state.js';
import { workdirAfter } from './steps/workdir.js';

const ALLOWED = [
  'CMD',
  'ENTRYPOINT',
  'ENV',
  'EXPOSE',
  'HEALTHCHECK',
  'LABEL',
  'ONBUILD',
  'STOPSIGNAL',
  'USER',
  'VOLUME',
  'WORKDIR',
];

/**
 * Applies `--change` of commit and import: instructions of a Dockerfile that change the config.
 *
 * @throws UsageError `USAGE_CHANGE` for other instructions, DockerfileError for malformed ones
 */
export function applyChanges(config: ContainerConfig, changes: readonly string[]): ContainerConfig {
  const start = stateOf({ ...emptyImage({ os: 'linux', architecture: 'amd64' }), config });
  const changed = configOf(changes.reduce(applyChange, { ...start, ownCmd: true }));
  const { Env = [], ...rest } = changed;
  // stateOf gives builds a PATH; a config that had none stays without.
  const given = config.Env ?? [];
  const env = Env.filter(
    variable =>
      !variable.startsWith('PATH=') ||
      given.some(own => own.startsWith('PATH=')) ||
      changes.some(change => /^\s*env\s+.*\bPATH[= ]/i.test(change)),
  );
  return {
    ...rest,
    ...(config.OnBuild === undefined ? {} : { OnBuild: [...config.OnBuild, ...(rest.OnBuild ?? [])] }),
    ...(env.length > 0 ? { Env: env } : {}),
  };
}

function applyChange(state: StageState, change: string): StageState {
  const [node] = parse(change).nodes;
  if (node === undefined || !ALLOWED.includes(node.name.toUpperCase())) {
    throw new UsageError('USAGE_CHANGE', `${node?.name ?? change} is not a valid change command`, {
      hint: `one of ${ALLOWED.join(', ')}`,
    });
  }
  const { instruction } = expandInstruction(parseInstruction(node), state.env, '\\');
  if (instruction.kind === 'WORKDIR')
    return withConfig(state, { WorkingDir: workdirAfter(state, instruction.path) });
  if (!isMetadata(instruction))
    throw new UsageError('USAGE_CHANGE', `${instruction.kind} is not a valid change command`);
  return applyMetadata(state, instruction);
}
