import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { bundleConfig } from '../container/bundle.js';
import { type CollectedBlobs, collectLayout } from '../image/layout-gc.js';
import { unpackLayout } from '../image/layout-unpack.js';
import { loadEngine } from '../layer/index.js';
import { hostPlatform, parsePlatform } from '../oci/index.js';
import { UsageError } from '../util/errors.js';
import { exists } from '../util/exists.js';
import { removePaths } from '../util/remove.js';
import type { ShaleOptions } from './options.js';

export interface UnpackOptions extends Pick<ShaleOptions, 'signal' | 'onNote'> {
  /** directory that is an OCI image layout */
  layout: string;
  /** tag or digest; default the only image, or `latest` */
  tag?: string;
  /** directory to make, or one that has no bundle yet */
  bundle: string;
  /** every file belongs to the caller; default: unless the caller is root */
  rootless?: boolean;
  /** default: the machine's */
  platform?: string;
}

/**
 * Makes an OCI runtime bundle (`config.json`, `rootfs`) of an image in an OCI image layout. No store is involved.
 *
 * @throws UsageError `USAGE_BUNDLE_EXISTS`; OciError `OCI_LAYOUT_NO_IMAGE`, `OCI_ARCHIVE_INVALID`, …; LayerError
 */
export async function unpack(options: UnpackOptions): Promise<void> {
  const { layout, tag, bundle, signal, onNote } = options;
  const [uid, gid] = [process.geteuid?.() ?? 0, process.getegid?.() ?? 0];
  const rootless = options.rootless ?? uid !== 0;
  const [root, config] = [join(bundle, 'rootfs'), join(bundle, 'config.json')];
  for (const path of [root, config])
    if (await exists(path))
      throw new UsageError('USAGE_BUNDLE_EXISTS', `${path} exists already`, {
        hint: 'choose another directory',
      });
  await mkdir(bundle, { recursive: true });
  const image = await unpackLayout(await loadEngine(), layout, root, {
    wanted: tag,
    platform: options.platform === undefined ? hostPlatform() : parsePlatform(options.platform),
    owners: rootless ? 'squash' : 'keep',
    onWarning: onNote,
    signal,
  });
  try {
    const text = JSON.stringify(await bundleConfig(image, root, { uid, gid, rootless }), undefined, 2);
    await writeFile(config, `${text}\n`);
  } catch (error) {
    await removePaths([root]);
    throw error;
  }
}

/**
 * Deletes what nothing in the index of an OCI image layout leads to.
 *
 * @throws UsageError `USAGE_NOT_A_LAYOUT`; OciError when a manifest cannot be read: nothing is deleted then
 */
export function collect(options: { layout: string }): Promise<CollectedBlobs> {
  return collectLayout(options.layout);
}
