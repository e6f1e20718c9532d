import { type Built, buildImage } from '../build/build.js';
import { exportImage } from '../build/export.js';
import type { BuildOptions, BuildResult } from '../build/options.js';
import type { BaseImage } from '../build/session.js';
import { openContext } from '../context/index.js';
import { pullInto } from '../image/pull.js';
import { normalizeReference, platformRank } from '../oci/index.js';
import type { Platform } from '../oci/types.js';
import type { ImageRecord } from '../store/types.js';
import { type House, withHouse, withRegistry } from './house.js';
import type { RegistryOptions, ShaleOptions } from './options.js';
import { pushWith } from './push.js';
import { transfersOf } from './transfers.js';

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
  try {
    const host = {
      store: house.store,
      engine: house.engine,
      worker: house.worker,
      pull: (reference: string, platform: Platform, always: boolean) =>
        baseImage(house, options, reference, platform, always),
    };
    return await buildImage(host, context, options);
  } finally {
    await context.close();
  }
}

/** An image for FROM: the store's own where it has one for the platform, else the registry's. */
async function baseImage(
  house: House,
  options: BuildOptions & ShaleOptions & RegistryOptions,
  reference: string,
  platform: Platform,
  always: boolean,
): Promise<BaseImage> {
  const { store } = house;
  const known = always ? undefined : await store.images.find(reference);
  const held = known === undefined ? undefined : await usable(house, known, platform);
  if (held !== undefined) return held;
  const { domain } = normalizeReference(reference);
  const { signal } = options;
  const pulled = await withRegistry(domain, options, transfersOf(options.onEvent), client =>
    pullInto(store, client, { reference, platform, signal }),
  );
  return { name: pulled.name, config: await store.images.config(pulled.image) };
}

async function usable(house: House, image: ImageRecord, platform: Platform): Promise<BaseImage | undefined> {
  const config = await house.store.images.config(image);
  if (platformRank(config, platform) < 0) return undefined;
  for (const diffId of config.rootfs.diff_ids) if (!(await house.store.layers.has(diffId))) return undefined;
  return { name: image.names[0] ?? image.id, config };
}
