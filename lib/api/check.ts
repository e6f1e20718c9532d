import { readDockerfile, withExcerpt } from '../build/build.js';
import { checkDockerfile } from '../build/check.js';
import type { BuildOptions } from '../build/options.js';
import { type Outline, outlineOf, type TargetInfo, targetsOf } from '../build/outline.js';
import type { BuildContext } from '../context/index.js';
import { type LintResult, parse } from '../dockerfile/index.js';
import { isShaleError } from '../util/errors.js';
import { giversOf } from './givers.js';
import { type House, withHouse } from './house.js';
import type { ShaleOptions } from './options.js';

/** The Dockerfile that was looked at. */
export interface Examined {
  name: string;
  source: string;
}

interface Dockerfile extends Examined {
  bytes: Uint8Array;
}

/**
 * Runs the build checks and builds nothing.
 * @returns what was found; `failed` when the Dockerfile asks for an error
 */
export function check(options: BuildOptions & ShaleOptions): Promise<Examined & { result: LintResult }> {
  return withDockerfile(options, async (house, { name, source, bytes }, context) => {
    const stages = plannedOf(bytes, name, options);
    const result = await checkDockerfile(house.store, context, bytes, stages, options, name);
    return { name, source, result };
  });
}

/** The stages that a Dockerfile has to build. */
export function targets(options: BuildOptions & ShaleOptions): Promise<Examined & { targets: TargetInfo[] }> {
  return withDockerfile(options, async (_, { name, source, bytes }) => {
    const { stages } = readDockerfile(parse(bytes, { name }), options);
    return { name, source, targets: targetsOf(stages) };
  });
}

/** The arguments, secrets and agents that a target takes. */
export function outline(options: BuildOptions & ShaleOptions): Promise<Examined & { outline: Outline }> {
  return withDockerfile(options, async (_, { name, source, bytes }) => {
    const { tree, stages, given, global } = readDockerfile(parse(bytes, { name }), options);
    return { name, source, outline: outlineOf(tree, stages, options.target, given, global) };
  });
}

/** A file that cannot be planned has no stages here: the checks say what is wrong with it. */
function plannedOf(bytes: Uint8Array, name: string, options: BuildOptions) {
  try {
    return readDockerfile(parse(bytes, { name }), options).stages;
  } catch (error) {
    if (isShaleError(error)) return [];
    throw error;
  }
}

function withDockerfile<T>(
  options: BuildOptions & ShaleOptions,
  work: (house: House, dockerfile: Dockerfile, context: BuildContext) => Promise<T>,
): Promise<T> {
  return withHouse(options, async house => {
    const givers = giversOf(house, options, options.signal);
    try {
      const context = await givers.mainContext();
      const { name, bytes } = await context.dockerfile();
      const source = new TextDecoder().decode(bytes);
      try {
        return await work(house, { name, bytes, source }, context);
      } catch (error) {
        throw withExcerpt(error, source, name);
      }
    } finally {
      await givers.close();
    }
  });
}
