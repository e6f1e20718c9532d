import { join } from 'node:path';
import type { Digest } from '../util/digest.js';
import { SandboxError } from '../util/errors.js';
import type { Driver, PreparedRoot } from './drivers/driver.js';
import { type EtcFile, etcFiles } from './etc-files.js';
import { type PreparedMount, withMounts } from './mounts.js';
import type { ContainerProcess } from './process.js';
import type { StreamModes } from './protocol.js';
import { removeTree } from './remove-tree.js';
import { boundRoot } from './root-directory.js';
import type { Workshop } from './trees.js';
import type { CommitResult, RunResult, RunSpec } from './types.js';

/** Starts a container: our runner, or an OCI runtime. */
export type StartContainer = (
  spec: RunSpec,
  root: PreparedRoot,
  files: EtcFile[],
  mounts: PreparedMount[],
  modes: StreamModes,
) => Promise<ContainerProcess>;

/** The RUN steps of one worker: prepare, run, then commit or discard. */
export class Runs {
  private readonly finished = new Map<string, { root: PreparedRoot; directory: string }>();
  private counter = 0;

  constructor(
    private readonly shop: Workshop,
    private readonly driver: Driver,
    private readonly start: StartContainer,
  ) {}

  /**
   * @param attach told of the process as soon as it runs, to connect its streams
   */
  async run(
    spec: RunSpec,
    modes: StreamModes,
    attach: (process: ContainerProcess) => Promise<void>,
    signal: AbortSignal,
  ): Promise<RunResult> {
    const directory = await this.shop.storage.scratch('run');
    try {
      const root = await this.prepare(spec, directory, signal);
      const files = await etcFiles(spec, this.shop.singleId);
      const end = await this.runIn(spec, root, files, modes, attach, { directory, signal });
      const changes = `run-${this.counter++}`;
      this.finished.set(changes, { root, directory });
      return { ...end, changes };
    } catch (error) {
      await removeTree(directory);
      throw error;
    }
  }

  private prepare(
    { layers, rootfs }: RunSpec,
    directory: string,
    signal: AbortSignal,
  ): Promise<PreparedRoot> {
    if (rootfs !== undefined && !rootfs.overlay) return boundRoot(rootfs.path, directory);
    return this.driver.prepare({ layers, below: rootfs?.path }, directory, signal);
  }

  private async runIn(
    spec: RunSpec,
    root: PreparedRoot,
    files: EtcFile[],
    modes: StreamModes,
    attach: (process: ContainerProcess) => Promise<void>,
    { directory, signal }: { directory: string; signal: AbortSignal },
  ): Promise<Omit<RunResult, 'changes'>> {
    try {
      const room = { shop: this.shop, driver: this.driver, directory, signal };
      return await withMounts(room, spec.mounts ?? [], async mounts => {
        signal.throwIfAborted();
        const container = await this.start(spec, root, files, mounts, modes);
        signal.addEventListener('abort', container.kill, { once: true });
        if (signal.aborted) container.kill();
        const [end] = await Promise.all([container.end, attach(container)]);
        signal.removeEventListener('abort', container.kill);
        signal.throwIfAborted();
        return end;
      });
    } finally {
      await root.release();
    }
  }

  /**
   * Writes the changes of a run as a layer; its upper directory becomes the layer's tree by a rename.
   * @throws SandboxError `SANDBOX_CHANGES_UNKNOWN`
   */
  async commit(
    changes: string,
    layers: Digest[],
    clampMtime: number | undefined,
    signal: AbortSignal,
  ): Promise<CommitResult> {
    const { root, directory } = this.take(changes);
    try {
      const { source, tree } = await root.changes(signal);
      if (source.kind === 'entries' && source.entries.length === 0) return { layer: null };
      // a layer needs one form at least: its tree, or the plain tar
      const tarPath = tree === undefined ? join(directory, 'layer.tar') : undefined;
      const written = await (await this.shop.engine()).writeLayer(source, { tarPath, clampMtime, signal });
      if (written.entries.length === 0) return { layer: null };
      await this.shop.storage.addLayer(written, { tarPath });
      if (tree !== undefined) await this.shop.storage.addTree([...layers, written.diffId], tree);
      return { layer: written.diffId };
    } finally {
      await removeTree(directory);
    }
  }

  async discard(changes: string): Promise<void> {
    await removeTree(this.take(changes).directory);
  }

  private take(changes: string): { root: PreparedRoot; directory: string } {
    const run = this.finished.get(changes);
    if (run === undefined) throw new SandboxError('SANDBOX_CHANGES_UNKNOWN', `no changes named ${changes}`);
    this.finished.delete(changes);
    return run;
  }
}
