import { Agents } from '../build/agents.js';
import { type Built, buildImage } from '../build/build.js';
import { exportImage } from '../build/export.js';
import type { BuildOptions, BuildResult } from '../build/options.js';
import { openContext } from '../context/index.js';
import type { Platform } from '../oci/types.js';
import { findOrPull } from './base-image.js';
import { type House, withHouse } from './house.js';
import type { RegistryOptions, ShaleOptions } from './options.js';

/**
 * Builds an image from a Dockerfile.
 *
 * @throws DockerfileError, BuildError (`BUILD_RUN_FAILED`, …), RegistryError, SandboxError, ContextError, StoreError;
 * after an abort, the signal's reason
 */
export function build(options: BuildOptions & ShaleOptions & RegistryOptions): Promise<BuildResult> {
  const signal = options.signal ?? new AbortController().signal;
  return withHouse(options, async house => {
    const { image, warnings } = await buildFrom(house, { ...options, signal });
    for (const output of options.outputs ?? [])
      await exportImage(house, image, output, options.tags ?? [], signal);
    const pushes = (options.outputs ?? []).some(output => output.type === 'registry');
    if (options.push || pushes) {
      const { pushWith } = await import('./push.js');
      for (const reference of options.tags ?? []) await pushWith(house, { ...options, reference });
    }
    return { imageId: image.id, manifestDigest: image.manifest.digest, names: image.names, warnings };
  });
}

async function buildFrom(
  house: House,
  options: BuildOptions & ShaleOptions & RegistryOptions & { signal: AbortSignal },
): Promise<Built> {
  const context = await openContext(options.context, {
    engine: await house.engine(),
    scratch: await house.store.scratch('context'),
    dockerfile: options.file,
    stdin: options.stdin,
    signal: options.signal,
  });
  const agents = new Agents(options.ssh ?? []);
  try {
    const host = {
      store: house.store,
      engine: house.engine,
      worker: house.worker,
      pull: (reference: string, platform: Platform, always: boolean) =>
        findOrPull(house, options, reference, platform, always ? 'always' : 'missing'),
      agent: (id: string) => agents.socket(id),
    };
    return await buildImage(host, context, options);
  } finally {
    await agents.close();
    await context.close();
  }
}
