import { type BuildHost, type Built, buildImage } from '../build/build.js';
import { exportImage } from '../build/export.js';
import type { BuildOptions, BuildResult } from '../build/options.js';
import type { BaseImage } from '../build/session.js';
import { type LayoutOptions, loadLayout } from '../image/index.js';
import { normalizeReference } from '../oci/index.js';
import { findOrPull } from './base-image.js';
import { giversOf } from './givers.js';
import { type House, withHouse } from './house.js';
import type { RegistryOptions, ShaleOptions } from './options.js';

/**
 * Builds an image from a Dockerfile.
 *
 * @throws DockerfileError, BuildError (`BUILD_RUN_FAILED`, …), RegistryError, SandboxError, ContextError, StoreError;
 * after an abort, the signal's reason
 */
export async function build(options: BuildOptions & ShaleOptions & RegistryOptions): Promise<BuildResult> {
  const signal = options.signal ?? new AbortController().signal;
  // a name that cannot be given is known before the work is done
  for (const name of options.tags ?? []) normalizeReference(name);
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
  const givers = giversOf(house, options, options.signal);
  try {
    const context = await givers.mainContext();
    const host: BuildHost = {
      ...givers,
      store: house.store,
      engine: house.engine,
      worker: house.worker,
      pull: (reference, platform, always) =>
        findOrPull(house, options, reference, platform, always ? 'always' : 'missing'),
      layout: (directory, wanted, platform) =>
        layoutImage(house, directory, { wanted, platform, signal: options.signal }),
    };
    return await buildImage(host, context, options);
  } finally {
    await givers.close();
  }
}

async function layoutImage(house: House, directory: string, options: LayoutOptions): Promise<BaseImage> {
  const image = await loadLayout(house.store, await house.engine(), directory, options);
  return { name: image.id, config: await house.store.images.config(image) };
}
