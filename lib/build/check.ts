import type { BuildContext } from '../context/index.js';
import { type LintBaseImage, type LintResult, lint } from '../dockerfile/index.js';
import type { DockerfileTree } from '../dockerfile/types.js';
import { formatPlatform, hostPlatform } from '../oci/index.js';
import type { Store } from '../store/index.js';
import { isShaleError } from '../util/errors.js';
import type { BuildOptions } from './options.js';
import type { PlannedStage } from './plan/stages.js';

/**
 * The build checks over a Dockerfile, with what the store knows of its bases.
 *
 * @param stages empty when they could not be planned: the checks then say why
 */
export async function checkDockerfile(
  store: Store,
  context: BuildContext,
  input: DockerfileTree | Uint8Array,
  stages: readonly PlannedStage[],
  options: BuildOptions,
  name: string,
): Promise<LintResult> {
  const bases = new Map<string, LintBaseImage>();
  for (const { base } of stages) {
    if (base.kind !== 'image') continue;
    const known = await baseOf(store, base.reference);
    if (known !== undefined) bases.set(base.reference, known);
  }
  return lint(input, {
    name,
    buildArgs: new Map(Object.entries(options.buildArgs ?? {})),
    target: options.target || undefined,
    reachableOnly: true,
    targetPlatform: options.platform ?? formatPlatform(hostPlatform()),
    buildPlatform: formatPlatform(hostPlatform()),
    check: options.buildArgs?.BUILDKIT_DOCKERFILE_CHECK,
    ignore: context.ignore,
    baseImage: reference => bases.get(reference),
  });
}

async function baseOf(store: Store, reference: string): Promise<LintBaseImage | undefined> {
  try {
    const image = await store.images.find(reference);
    if (image === undefined) return undefined;
    const { config = {} } = await store.images.config(image);
    return { env: config.Env, shell: config.Shell };
  } catch (error) {
    // what the checks cannot know, the build will say
    if (isShaleError(error)) return undefined;
    throw error;
  }
}

/** `Rule: message (line N)`, as docker lists them after a build. */
export function warningLines(result: LintResult): string[] {
  return result.warnings.map(({ rule, message, range }) => `${rule}: ${message} (line ${range.start})`);
}
