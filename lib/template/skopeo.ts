import { OCI_CONFIG, STRINGS, struct, TEXTS } from './docker.js';
import type { Schema } from './values.js';

const TIME: Schema = { pointer: 'time' };

/** `skopeo inspect`, as its own type has it. */
export const SOURCE_SCHEMA: Schema = struct({
  'Name?': 'string',
  Digest: 'string',
  RepoTags: STRINGS,
  Created: TIME,
  DockerVersion: 'string',
  Labels: TEXTS,
  Architecture: 'string',
  Os: 'string',
  Layers: STRINGS,
  LayersData: {
    list: struct({ MIMEType: 'string', Digest: 'string', Size: 'int', Annotations: TEXTS }),
  },
  Env: STRINGS,
});

/**
 * An image config with the fields that the specification names, in the order of its Go type.
 * @see https://github.com/opencontainers/image-spec/blob/main/specs-go/v1/config.go
 */
export const OCI_CONFIG_SCHEMA: Schema = struct({
  'created:Created?': TIME,
  'author:Author?': 'string',
  'architecture:Architecture': 'string',
  'os:OS': 'string',
  'os.version:OSVersion?': 'string',
  'os.features:OSFeatures?': STRINGS,
  'variant:Variant?': 'string',
  'config:Config?': OCI_CONFIG,
  'rootfs:RootFS': struct({ 'type:Type': 'string', 'diff_ids:DiffIDs': STRINGS }),
  'history:History?': {
    list: struct({
      'created:Created?': TIME,
      'created_by:CreatedBy?': 'string',
      'author:Author?': 'string',
      'comment:Comment?': 'string',
      'empty_layer:EmptyLayer?': 'bool',
    }),
  },
});
