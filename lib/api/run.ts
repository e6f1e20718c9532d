import type { EventSink } from '../build/events.js';
import { settledKeepId } from '../container/keep-id.js';
import { defaultNetwork } from '../container/network.js';
import type { RunOptions } from '../container/options.js';
import { runContainer } from '../container/run.js';
import { withHouse } from './house.js';
import type { RegistryOptions, ShaleOptions } from './options.js';
import { sourceImage } from './source-image.js';

export interface RunImageOptions extends RunOptions, ShaleOptions, RegistryOptions {
  /** `os/arch[/variant]`; default this machine's */
  platform?: string;
  /** when to ask the registry; default `missing`; `newer`: always, and an image that is held will do when it cannot be asked */
  pull?: 'always' | 'missing' | 'never' | 'newer';
  onEvent?: EventSink;
  /** told the image's name, with its tag, when it is not in the store and a registry will be asked */
  onMissing?: (reference: string) => void;
}

/**
 * Runs an image in the foreground and waits for its end.
 *
 * @throws StoreError `STORE_IMAGE_UNKNOWN`, ContainerError, SandboxError, RegistryError
 */
export function run(
  options: RunImageOptions,
): Promise<{ exitCode: number; signal?: string; message?: string }> {
  const keepId = settledKeepId(options.keepId);
  return withHouse(options, async house => {
    const { config } = await sourceImage(house, options);
    const network = options.network ?? defaultNetwork(options);
    return runContainer(house, config, { ...options, keepId, network }, options.signal);
  });
}
