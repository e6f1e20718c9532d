import type { ImageConfig } from '../oci/types.js';
import { ociConfig } from '../sandbox/oci/config.js';
import { readInRoot } from './root-file.js';
import { specWith } from './spec.js';

/** Whose the container of a bundle is. */
export interface BundleOwner {
  uid: number;
  gid: number;
  /** its root is that user, who has no other ids; else the runtime is started by root, also by that of a namespace */
  rootless: boolean;
}

/**
 * The `config.json` of a runtime bundle: the image's program, confined as docker confines it.
 *
 * @param root the unpacked root file system, where names of users are looked up
 * @throws ShaleError `USER_UNKNOWN`, `USER_ID_RANGE`
 * @see https://github.com/opencontainers/runtime-spec/blob/main/bundle.md
 * @see https://github.com/opencontainers/image-spec/blob/main/conversion.md
 */
export async function bundleConfig(image: ImageConfig, root: string, owner: BundleOwner): Promise<object> {
  const { rootless } = owner;
  const options = { image: '', command: hasProgram(image) ? [] : ['/bin/sh'], hostname: 'shale', tty: true };
  // without ids of its own, a network namespace could not be given a network by anybody
  const network = { network: rootless ? ('host' as const) : ('none' as const) };
  const spec = await specWith(image, options, 'bundle', { network, read: path => readInRoot(root, path) });
  const base = ociConfig(spec, { root: 'rootfs', singleId: rootless, mounts: [], ttyGroup: !rootless });
  const annotations = annotationsOf(image);
  return rootless ? { ...withUser(base, owner), annotations } : { ...base, annotations };
}

function hasProgram({ config = {} }: ImageConfig): boolean {
  return [...(config.Entrypoint ?? []), ...(config.Cmd ?? [])].length > 0;
}

function withUser(base: ReturnType<typeof ociConfig>, { uid, gid }: BundleOwner): object {
  const { linux } = base;
  const only = (hostID: number) => [{ containerID: 0, hostID, size: 1 }];
  return {
    ...base,
    linux: {
      ...linux,
      namespaces: [...linux.namespaces, { type: 'user' }],
      uidMappings: only(uid),
      gidMappings: only(gid),
    },
  };
}

/** What the specification names, and the labels, which win. */
function annotationsOf(image: ImageConfig): Record<string, string> {
  const { config = {}, author, created, os, architecture } = image;
  const named = {
    os,
    architecture,
    author,
    created,
    stopSignal: config.StopSignal,
    exposedPorts: Object.keys(config.ExposedPorts ?? {}).join(',') || undefined,
  };
  const own = Object.entries(named).flatMap(([key, value]) =>
    value === undefined ? [] : [[`org.opencontainers.image.${key}`, value]],
  );
  return Object.fromEntries([...own, ...Object.entries(config.Labels ?? {})]);
}
