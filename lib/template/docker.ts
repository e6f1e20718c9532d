import type { FieldSchema, Schema } from './values.js';

/** `name` or `json:name` where the two differ; a `?` behind it: left out of JSON when empty. */
function field(written: string, type: Schema): FieldSchema {
  const omitEmpty = written.endsWith('?');
  const [json, name] = written.replace('?', '').split(':');
  return { name: name ?? json ?? '', json, type, omitEmpty };
}

/** Fields in the order in which Go prints them. */
export function struct(fields: Record<string, Schema>): Schema {
  return { struct: Object.entries(fields).map(([name, type]) => field(name, type)) };
}

export const STRINGS: Schema = { list: 'string' };
export const TEXTS: Schema = { map: 'string' };
const SET: Schema = { map: { struct: [] } };
const LIST: Schema = { list: 'any' };
const INT_POINTER: Schema = { pointer: 'int' };

const HEALTHCHECK = struct({
  'Test?': STRINGS,
  'Interval?': 'duration',
  'Timeout?': 'duration',
  'StartPeriod?': 'duration',
  'StartInterval?': 'duration',
  'Retries?': 'int',
});

export const OCI_CONFIG = struct({
  'User?': 'string',
  'ExposedPorts?': SET,
  'Env?': STRINGS,
  'Entrypoint?': STRINGS,
  'Cmd?': STRINGS,
  'Volumes?': SET,
  'WorkingDir?': 'string',
  'Labels?': TEXTS,
  'StopSignal?': 'string',
  'ArgsEscaped?': 'bool',
});

const DOCKER_CONFIG_EXTENSION = struct({
  'Healthcheck?': { pointer: HEALTHCHECK },
  'OnBuild?': STRINGS,
  'Shell?': STRINGS,
});

const IMAGE_CONFIG: Schema = {
  struct: [
    { name: 'ImageConfig', type: OCI_CONFIG, embedded: true },
    { name: 'DockerOCIImageConfigExt', type: DOCKER_CONFIG_EXTENSION, embedded: true },
  ],
};

const GRAPH_DRIVER: Schema = { pointer: struct({ Data: TEXTS, Name: 'string' }) };

/** `docker image inspect`, as its own type has it. */
export const IMAGE_SCHEMA: Schema = struct({
  'Id:ID': 'string',
  RepoTags: STRINGS,
  RepoDigests: STRINGS,
  'Comment?': 'string',
  'Created?': 'string',
  'Author?': 'string',
  // as docker before 26 had it, for the sake of old commands
  'ContainerConfig?': { pointer: IMAGE_CONFIG },
  Config: { pointer: IMAGE_CONFIG },
  Architecture: 'string',
  'Variant?': 'string',
  Os: 'string',
  'OsVersion?': 'string',
  Size: 'int',
  'VirtualSize?': 'int',
  'GraphDriver?': GRAPH_DRIVER,
  RootFS: struct({ 'Type?': 'string', 'Layers?': STRINGS }),
  Metadata: struct({ 'LastTagTime?': 'time' }),
});

const STATE = struct({
  Status: 'string',
  Running: 'bool',
  Paused: 'bool',
  Restarting: 'bool',
  OOMKilled: 'bool',
  Dead: 'bool',
  Pid: 'int',
  ExitCode: 'int',
  Error: 'string',
  StartedAt: 'string',
  FinishedAt: 'string',
  'Health?': {
    pointer: struct({ Status: 'string', FailingStreak: 'int', Log: LIST }),
  },
});

const RESOURCES = struct({
  CpuShares: 'int',
  Memory: 'int',
  'NanoCpus:NanoCPUs': 'int',
  CgroupParent: 'string',
  BlkioWeight: 'int',
  BlkioWeightDevice: LIST,
  BlkioDeviceReadBps: LIST,
  BlkioDeviceWriteBps: LIST,
  BlkioDeviceReadIOps: LIST,
  BlkioDeviceWriteIOps: LIST,
  'CpuPeriod:CPUPeriod': 'int',
  'CpuQuota:CPUQuota': 'int',
  'CpuRealtimePeriod:CPURealtimePeriod': 'int',
  'CpuRealtimeRuntime:CPURealtimeRuntime': 'int',
  CpusetCpus: 'string',
  CpusetMems: 'string',
  Devices: LIST,
  DeviceCgroupRules: STRINGS,
  DeviceRequests: LIST,
  MemoryReservation: 'int',
  MemorySwap: 'int',
  MemorySwappiness: INT_POINTER,
  OomKillDisable: { pointer: 'bool' },
  PidsLimit: INT_POINTER,
  Ulimits: LIST,
  'CpuCount:CPUCount': 'int',
  'CpuPercent:CPUPercent': 'int',
  IOMaximumIOps: 'int',
  IOMaximumBandwidth: 'int',
});

const HOST_CONFIG: Schema = {
  struct: [
    ...fieldsOf(
      struct({
        Binds: STRINGS,
        ContainerIDFile: 'string',
        LogConfig: struct({ Type: 'string', Config: TEXTS }),
        NetworkMode: 'string',
        PortBindings: { map: { list: struct({ 'HostIp:HostIP': 'address', HostPort: 'string' }) } },
        RestartPolicy: struct({ Name: 'string', MaximumRetryCount: 'int' }),
        AutoRemove: 'bool',
        VolumeDriver: 'string',
        VolumesFrom: STRINGS,
        ConsoleSize: { list: 'int' },
        'Annotations?': TEXTS,
        CapAdd: STRINGS,
        CapDrop: STRINGS,
        CgroupnsMode: 'string',
        'Dns:DNS': STRINGS,
        'DnsOptions:DNSOptions': STRINGS,
        'DnsSearch:DNSSearch': STRINGS,
        ExtraHosts: STRINGS,
        GroupAdd: STRINGS,
        IpcMode: 'string',
        Cgroup: 'string',
        Links: STRINGS,
        OomScoreAdj: 'int',
        PidMode: 'string',
        Privileged: 'bool',
        PublishAllPorts: 'bool',
        ReadonlyRootfs: 'bool',
        SecurityOpt: STRINGS,
        'StorageOpt?': TEXTS,
        'Tmpfs?': TEXTS,
        UTSMode: 'string',
        UsernsMode: 'string',
        ShmSize: 'int',
        'Sysctls?': TEXTS,
        'Runtime?': 'string',
        Isolation: 'string',
      }),
    ),
    { name: 'Resources', type: RESOURCES, embedded: true },
    ...fieldsOf(
      struct({
        'Mounts?': LIST,
        MaskedPaths: STRINGS,
        ReadonlyPaths: STRINGS,
        'Init?': { pointer: 'bool' },
      }),
    ),
  ],
};

function fieldsOf(schema: Schema): readonly FieldSchema[] {
  return typeof schema === 'object' && 'struct' in schema ? schema.struct : [];
}

const CONTAINER_CONFIG = struct({
  Hostname: 'string',
  Domainname: 'string',
  User: 'string',
  AttachStdin: 'bool',
  AttachStdout: 'bool',
  AttachStderr: 'bool',
  'ExposedPorts?': SET,
  Tty: 'bool',
  OpenStdin: 'bool',
  StdinOnce: 'bool',
  Env: STRINGS,
  Cmd: STRINGS,
  'Healthcheck?': { pointer: HEALTHCHECK },
  'ArgsEscaped?': 'bool',
  Image: 'string',
  Volumes: SET,
  WorkingDir: 'string',
  Entrypoint: STRINGS,
  'NetworkDisabled?': 'bool',
  'OnBuild?': STRINGS,
  Labels: TEXTS,
  'StopSignal?': 'string',
  'StopTimeout?': INT_POINTER,
  'Shell?': STRINGS,
});

const MOUNT = struct({
  'Type?': 'string',
  'Name?': 'string',
  Source: 'string',
  Destination: 'string',
  'Driver?': 'string',
  Mode: 'string',
  RW: 'bool',
  Propagation: 'string',
});

const ENDPOINT = struct({
  IPAMConfig: 'any',
  Links: STRINGS,
  Aliases: STRINGS,
  DriverOpts: TEXTS,
  GwPriority: 'int',
  NetworkID: 'string',
  EndpointID: 'string',
  Gateway: 'address',
  IPAddress: 'address',
  MacAddress: 'string',
  IPPrefixLen: 'int',
  IPv6Gateway: 'address',
  GlobalIPv6Address: 'address',
  GlobalIPv6PrefixLen: 'int',
  DNSNames: STRINGS,
});

const NETWORK_SETTINGS = struct({
  SandboxID: 'string',
  SandboxKey: 'string',
  Ports: { map: LIST },
  Networks: { map: { pointer: ENDPOINT } },
});

/** `docker container inspect`, as its own type has it. */
export const CONTAINER_SCHEMA: Schema = struct({
  'Id:ID': 'string',
  Created: 'string',
  Path: 'string',
  Args: STRINGS,
  State: { pointer: STATE },
  Image: 'string',
  ResolvConfPath: 'string',
  HostnamePath: 'string',
  HostsPath: 'string',
  LogPath: 'string',
  Name: 'string',
  RestartCount: 'int',
  Driver: 'string',
  Platform: 'string',
  MountLabel: 'string',
  ProcessLabel: 'string',
  AppArmorProfile: 'string',
  ExecIDs: STRINGS,
  HostConfig: { pointer: HOST_CONFIG },
  'GraphDriver?': GRAPH_DRIVER,
  'SizeRw?': INT_POINTER,
  'SizeRootFs?': INT_POINTER,
  Mounts: { list: MOUNT },
  Config: { pointer: CONTAINER_CONFIG },
  NetworkSettings: { pointer: NETWORK_SETTINGS },
});

export const VOLUME_SCHEMA: Schema = struct({
  CreatedAt: 'string',
  Driver: 'string',
  Labels: TEXTS,
  Mountpoint: 'string',
  Name: 'string',
  Options: TEXTS,
  Scope: 'string',
});
