/**
 * Every error that Shale throws on purpose is a `ShaleError`: one family, told apart by `code`.
 *
 * `message` says what happened and where; `hint` says what to do. Codes are stable: scripts may match on them.
 */
export interface ErrorOptions {
  /** What the person can do about it: one sentence or one command. */
  hint?: string;
  /** Facts for programs: a path, a digest, an HTTP status. Never secrets. */
  detail?: Record<string, unknown>;
  cause?: unknown;
}

export class ShaleError extends Error {
  readonly code: string;
  readonly hint: string | undefined;
  readonly detail: Record<string, unknown>;

  /**
   * @param code stable identifier in upper snake case, for example `STORE_CORRUPT`
   * @param message what happened, where
   */
  constructor(code: string, message: string, options: ErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = new.target.name;
    this.code = code;
    this.hint = options.hint;
    this.detail = options.detail ?? {};
  }
}

/** A command line or an API option that makes no sense. Codes `USAGE_*`. */
export class UsageError extends ShaleError {}
/** The Dockerfile or an ignore file is wrong. Codes `DOCKERFILE_*`, `IGNORE_*`. */
export class DockerfileError extends ShaleError {}
/** A reference, digest, platform, manifest or config is malformed. Codes `OCI_*`. */
export class OciError extends ShaleError {}
/** A layer stream or tree is malformed, hostile or changed while it was read. Codes `LAYER_*`. */
export class LayerError extends ShaleError {}
/** The store cannot do what was asked. Codes `STORE_*`. */
export class StoreError extends ShaleError {}
/** A registry, token server or credential helper refused or misbehaved. Codes `REGISTRY_*`. */
export class RegistryError extends ShaleError {}
/** A build context cannot be read. Codes `CONTEXT_*`. */
export class ContextError extends ShaleError {}
/** Namespaces, mounts, id maps or the runner failed, or the network. Codes `SANDBOX_*`, `NETWORK_*`. */
export class SandboxError extends ShaleError {}
/** A build step failed. Codes `BUILD_*`. */
export class BuildError extends ShaleError {}
/** A container operation failed. Codes `CONTAINER_*`. */
export class ContainerError extends ShaleError {}

/** True for errors of the family, also across two copies of the package. */
export function isShaleError(error: unknown): error is ShaleError {
  return error instanceof Error && typeof (error as { code?: unknown }).code === 'string' && 'hint' in error;
}

/** The `code` of a Node system error (`ENOENT`, …), or undefined. */
export function errnoCode(error: unknown): string | undefined {
  const code = (error as { code?: unknown } | undefined)?.code;
  return typeof code === 'string' ? code : undefined;
}

/** Text of anything that was thrown. */
export function errorMessage(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
