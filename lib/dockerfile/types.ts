/** Lines of a Dockerfile, 1-based, both ends included. */
export interface SourceRange {
  start: number;
  end: number;
}

/** The escape character: ends a line that continues, and takes the meaning from the next character. */
export type EscapeCharacter = '\\' | '`';

/** A parser directive: `# name=value` at the very top. */
export interface Directive {
  /** lower case: `syntax`, `escape`, `check` */
  name: string;
  value: string;
  range: SourceRange;
}

/** A here-document that follows an instruction. */
export interface Heredoc {
  /** the delimiter, unquoted; the file name when a COPY writes into a directory */
  name: string;
  /** file descriptor before `<<`; 0 by default */
  fileDescriptor: number;
  /** false when the delimiter was quoted: the content is taken literally */
  expand: boolean;
  /** `<<-`: leading tabs of each line are removed */
  chomp: boolean;
  /** the lines as written, each with its newline; tabs not yet removed (see `heredocText`) */
  content: string;
}

/** One instruction as the parser sees it: its words, before it means anything. */
export interface DockerfileNode {
  /** the instruction's name as written */
  name: string;
  /** words that start with `--`, before the arguments */
  flags: string[];
  args: string[];
  /** the arguments were a JSON array of strings */
  json: boolean;
  /** the nested instruction of ONBUILD */
  trigger?: DockerfileNode;
  heredocs: Heredoc[];
  /** the line with continuations joined and comments removed, without the here-documents */
  original: string;
  /** texts of the comment lines directly before, without `#` */
  comments: string[];
  range: SourceRange;
}

/** Something odd that is not an error. */
export interface ParseWarning {
  code: 'DOCKERFILE_EMPTY_CONTINUATION';
  message: string;
  range: SourceRange;
}

export interface DockerfileTree {
  /** for messages; `Dockerfile` unless given */
  name: string;
  /** the text, decoded; a byte order mark removed */
  source: string;
  escape: EscapeCharacter;
  directives: Directive[];
  nodes: DockerfileNode[];
  warnings: ParseWarning[];
}

/** How a command was written: `shell` is one text for the stage's shell, `exec` a JSON array. */
export type CommandForm = 'shell' | 'exec';

export interface InstructionBase {
  range: SourceRange;
  /** the instruction on one line, as `docker history` shows instructions of the metadata kind */
  original: string;
  /** comment lines directly before it */
  comments: string[];
  /** set on instructions that came from an ONBUILD trigger of the base image */
  fromOnBuild?: boolean;
}

/** A value that may be absent, as in `ARG name`. */
export interface KeyValue {
  key: string;
  value: string;
}

export type MountType = 'bind' | 'cache' | 'tmpfs' | 'secret' | 'ssh';

/** One `--mount` of RUN. Which fields matter depends on `type`. */
export interface Mount {
  type: MountType;
  /** bind, cache: stage, image or named context; absent: the build context (bind), empty (cache) */
  from?: string;
  /** bind, cache: path inside `from` */
  source?: string;
  /** path in the container; relative means relative to WORKDIR */
  target?: string;
  readonly: boolean;
  /** cache, secret, ssh; absent: the default of the type */
  id?: string;
  /** cache; `shared` by default */
  sharing?: 'shared' | 'private' | 'locked';
  /** secret, ssh: it is an error if the secret does not exist */
  required: boolean;
  /** tmpfs: bytes */
  size?: number;
  /** cache, secret, ssh: permission bits */
  mode?: number;
  uid?: number;
  gid?: number;
  /** secret: name of the environment variable that carries it; no file is mounted unless `target` is set */
  env?: string;
  /** secret: a digest of the value is part of the step's cache key */
  cacheKey?: 'hash';
}

export interface DeviceRequest {
  name: string;
  required: boolean;
}

export interface RunInstruction extends InstructionBase {
  kind: 'RUN';
  form: CommandForm;
  /** `exec`: the arguments; `shell`: one element, the text */
  command: string[];
  heredocs: Heredoc[];
  mounts: Mount[];
  /** values of `--mount` as written; they are parsed again once variables are expanded */
  mountFlags: string[];
  network: 'default' | 'none' | 'host';
  security: 'sandbox' | 'insecure';
  devices: DeviceRequest[];
  /** values of `--device` as written */
  deviceFlags: string[];
}

export interface TransferInstruction extends InstructionBase {
  sources: string[];
  /** here-documents among the sources, in order */
  heredocs: Heredoc[];
  destination: string;
  chown?: string;
  chmod?: string;
  link: boolean;
  excludes: string[];
}

export interface CopyInstruction extends TransferInstruction {
  kind: 'COPY';
  from?: string;
  parents: boolean;
}

export interface AddInstruction extends TransferInstruction {
  kind: 'ADD';
  checksum?: string;
  /** absent when the flag was not given: the git URL's own query may say it */
  keepGitDir?: boolean;
  /** absent: unpack local archives, keep remote ones */
  unpack?: boolean;
}

export interface EnvInstruction extends InstructionBase {
  kind: 'ENV';
  pairs: KeyValue[];
  /** written `ENV key value` */
  legacy: boolean;
}

export interface LabelInstruction extends InstructionBase {
  kind: 'LABEL';
  pairs: KeyValue[];
  /** written `LABEL key value` */
  legacy: boolean;
}

export interface ArgDeclaration {
  name: string;
  /** default; absent: none */
  value?: string;
  /** text of a comment `# <name> …` directly before */
  description?: string;
}

export interface ArgInstruction extends InstructionBase {
  kind: 'ARG';
  args: ArgDeclaration[];
}

export interface WorkdirInstruction extends InstructionBase {
  kind: 'WORKDIR';
  path: string;
}

export interface UserInstruction extends InstructionBase {
  kind: 'USER';
  user: string;
}

export interface CmdInstruction extends InstructionBase {
  kind: 'CMD';
  form: CommandForm;
  /** as in RUN; empty for `CMD []` */
  command: string[];
}

export interface EntrypointInstruction extends InstructionBase {
  kind: 'ENTRYPOINT';
  form: CommandForm;
  command: string[];
}

export interface ExposeInstruction extends InstructionBase {
  kind: 'EXPOSE';
  /** as written: `80`, `8000-8010/udp`; see `parsePorts` */
  ports: string[];
}

export interface VolumeInstruction extends InstructionBase {
  kind: 'VOLUME';
  paths: string[];
}

export interface ShellInstruction extends InstructionBase {
  kind: 'SHELL';
  shell: string[];
}

export interface StopSignalInstruction extends InstructionBase {
  kind: 'STOPSIGNAL';
  signal: string;
}

/** Durations are in nanoseconds, as in the image config; 0 or absent: inherited. */
export interface HealthcheckInstruction extends InstructionBase {
  kind: 'HEALTHCHECK';
  /** `['NONE']`, `['CMD', …]` or `['CMD-SHELL', text]`: the config's `Test` */
  test: string[];
  interval?: number;
  timeout?: number;
  startPeriod?: number;
  startInterval?: number;
  retries?: number;
}

export interface OnBuildInstruction extends InstructionBase {
  kind: 'ONBUILD';
  /** the nested instruction as the image config records it (here-documents included) */
  expression: string;
}

export interface MaintainerInstruction extends InstructionBase {
  kind: 'MAINTAINER';
  name: string;
}

export type Instruction =
  | RunInstruction
  | CopyInstruction
  | AddInstruction
  | EnvInstruction
  | LabelInstruction
  | ArgInstruction
  | WorkdirInstruction
  | UserInstruction
  | CmdInstruction
  | EntrypointInstruction
  | ExposeInstruction
  | VolumeInstruction
  | ShellInstruction
  | StopSignalInstruction
  | HealthcheckInstruction
  | OnBuildInstruction
  | MaintainerInstruction;

export type InstructionKind = Instruction['kind'];

/** A FROM and everything up to the next one. */
export interface Stage {
  /** position in the file, from 0 */
  index: number;
  /** lower case; absent without AS */
  name?: string;
  /** the name as written */
  writtenName?: string;
  /** image, stage or `scratch`, with variables not yet expanded */
  base: string;
  /** `--platform`, not yet expanded */
  platform?: string;
  range: SourceRange;
  /** the FROM instruction on one line */
  original: string;
  comments: string[];
  /** text of a comment `# <name> …` directly before */
  description?: string;
  instructions: Instruction[];
}

export interface StageList {
  /** ARG instructions before the first FROM */
  metaArgs: ArgInstruction[];
  stages: Stage[];
}

/** What variables mean: a map, or a function that gives undefined for what is not set. */
export type Environment = ReadonlyMap<string, string> | ((name: string) => string | undefined);

/** Which names an expansion looked at. */
export interface NamesUsed {
  /** names that had a value */
  usedNames: ReadonlySet<string>;
  /** names that had none, also where the text gave a default */
  unsetNames: ReadonlySet<string>;
}

export interface ExpandedWord extends NamesUsed {
  text: string;
}

export interface ExpandedWords extends NamesUsed {
  words: string[];
}

export interface ExpandedInstruction<T> extends NamesUsed {
  instruction: T;
}
