import { isDigest } from '../util/digest.js';
import { Guard, type JsonObject } from './guard.js';
import type { ContainerConfig, History, ImageConfig } from './types.js';

/** bytes */
export const MAX_CONFIG_SIZE = 4 * 1024 * 1024;

const guard = new Guard('OCI_CONFIG_INVALID', 'image config');

/**
 * Reads and checks an image config. Unknown fields are kept; what Go writes as `null` reads as absent. The bytes stay
 * authoritative: the image id is their digest. That `diff_ids` and the manifest's layers agree is the caller's check.
 *
 * @throws OciError `OCI_CONFIG_INVALID`
 * @see https://github.com/opencontainers/image-spec/blob/main/config.md
 */
export function parseImageConfig(bytes: Uint8Array): ImageConfig {
  const document = guard.parse(bytes, MAX_CONFIG_SIZE);
  const config = document.config == null ? undefined : readContainerConfig(document.config);
  const history = document.history == null ? undefined : readHistory(document.history);
  return {
    ...withoutNulls(document),
    // Old tools left these out; the empty string matches no platform and says so.
    os: guard.optionalString(document.os, 'os') ?? '',
    architecture: guard.optionalString(document.architecture, 'architecture') ?? '',
    variant: guard.optionalString(document.variant, 'variant'),
    created: guard.optionalString(document.created, 'created'),
    author: guard.optionalString(document.author, 'author'),
    rootfs: readRootfs(document.rootfs),
    ...(config === undefined ? {} : { config }),
    ...(history === undefined ? {} : { history }),
  };
}

function withoutNulls(document: JsonObject): JsonObject {
  const kept: JsonObject = Object.create(null);
  for (const [key, value] of Object.entries(document)) if (value !== null) kept[key] = value;
  return kept;
}

function readRootfs(value: unknown): ImageConfig['rootfs'] {
  const rootfs = guard.object(value, 'rootfs');
  if (rootfs.type !== 'layers') guard.fail('rootfs.type is not "layers"');
  const diffIds = guard.array(rootfs.diff_ids ?? [], 'rootfs.diff_ids', 10_000);
  return {
    type: 'layers',
    diff_ids: diffIds.map((id, i) =>
      isDigest(id) ? id : guard.fail(`rootfs.diff_ids[${i}] is not a sha256 digest`),
    ),
  };
}

const STRINGS = ['User', 'WorkingDir', 'StopSignal', 'Hostname', 'Domainname'] as const;
const LISTS = ['Env', 'Entrypoint', 'Cmd', 'OnBuild', 'Shell'] as const;
const SETS = ['ExposedPorts', 'Volumes'] as const;

function readContainerConfig(value: unknown): ContainerConfig {
  const raw = withoutNulls(guard.object(value, 'config'));
  for (const key of STRINGS) guard.optionalString(raw[key], `config.${key}`);
  for (const key of LISTS) if (raw[key] !== undefined) guard.strings(raw[key], `config.${key}`);
  for (const key of SETS)
    if (raw[key] !== undefined) raw[key] = withoutNulls(guard.object(raw[key], `config.${key}`));
  if (raw.Labels !== undefined) raw.Labels = guard.stringMap(raw.Labels, 'config.Labels');
  const config = raw as ContainerConfig;
  for (const entry of config.Env ?? []) {
    if (entry.indexOf('=') < 1)
      guard.fail(`config.Env has ${JSON.stringify(entry.slice(0, 100))}, not KEY=VALUE`);
  }
  return config;
}

const HISTORY_STRINGS = ['created', 'created_by', 'author', 'comment'] as const;

function readHistory(value: unknown): History[] {
  return guard.array(value, 'history', 10_000).map((item, i) => {
    const entry = withoutNulls(guard.object(item, `history[${i}]`));
    for (const key of HISTORY_STRINGS) guard.optionalString(entry[key], `history[${i}].${key}`);
    if (entry.empty_layer !== undefined && typeof entry.empty_layer !== 'boolean') {
      guard.fail(`history[${i}].empty_layer is not a boolean`);
    }
    return entry as History;
  });
}
