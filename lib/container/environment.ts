import type { ContainerConfig } from '../oci/types.js';
import { splitVariable } from '../util/environment.js';
import type { RunOptions } from './options.js';

/** The image's variables that a container has, without those that it is not to have. */
export function inheritedVariables(
  config: ContainerConfig,
  { unsetEnv, unsetEnvAll }: Pick<RunOptions, 'unsetEnv' | 'unsetEnvAll'>,
): string[] {
  if (unsetEnvAll) return [];
  const unset = new Set(unsetEnv);
  return (config.Env ?? []).filter(variable => !unset.has(splitVariable(variable)[0]));
}
