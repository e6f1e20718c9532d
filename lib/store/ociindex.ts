import { readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type Descriptor, MAX_MANIFEST_SIZE, type Manifest, parseManifest } from '../oci/index.js';
import { writeFileAtomic } from '../util/atomic.js';
import { type Digest, isDigest } from '../util/digest.js';
import { errnoCode, ShaleError } from '../util/errors.js';
import type { Content } from './content.js';
import type { StoreContext } from './context.js';
import type { ImageRecord } from './types.js';

/**
 * The store as an OCI image layout: `index.json` lists the named images of which every blob's bytes are held, so
 * that any tool can read every image it lists. It is derived; the records are the truth.
 */
export class OciIndex {
  constructor(
    private readonly context: StoreContext,
    private readonly content: Content,
  ) {}

  /** Rewrites `index.json` where it differs from what the images say. Call with the `images` lock held. */
  async refresh(images: ImageRecord[]): Promise<void> {
    const missing = new Set<Digest>();
    const text = await this.text(images, missing);
    await this.write(text);
    await this.forgetMarkers(missing);
  }

  /**
   * To be called before images or names change: should the process die before `refresh`, the mark tells the next one
   * that `index.json` may be behind.
   */
  async markStale(): Promise<void> {
    await writeFile(this.staleMark, '', { mode: 0o600 });
  }

  /** True when a process died between a change and `refresh`. */
  async isStale(): Promise<boolean> {
    for (const name of await readdir(this.context.layout.dir('missing'))) {
      const digest = `sha256:${name}`;
      if (!isDigest(digest) || (await this.content.size(digest)) !== undefined) return true;
    }
    return false;
  }

  private async write(text: string): Promise<void> {
    const path = this.context.layout.dir('index.json');
    if ((await readFile(path, 'utf8').catch(() => '')) === text) return;
    const session = await this.context.session();
    await writeFileAtomic(path, text, {
      mode: 0o644,
      tempDir: session.directory,
      sync: this.context.sync,
    });
  }

  /** What `index.json` should hold. @param missing receives the blobs that named images lack */
  async text(images: ImageRecord[], missing: Set<Digest> = new Set()): Promise<string> {
    const manifests: Descriptor[] = [];
    for (const image of images) {
      if (image.names.length === 0 || !(await this.isWhole(image, missing))) continue;
      for (const name of image.names) manifests.push(listed(image, name));
    }
    return JSON.stringify({
      schemaVersion: 2,
      mediaType: 'application/vnd.oci.image.index.v1+json',
      manifests,
    });
  }

  private get staleMark(): string {
    return join(this.context.layout.dir('missing'), 'stale');
  }

  private async isWhole(image: ImageRecord, missing: Set<Digest>): Promise<boolean> {
    const manifest = await this.manifestOf(image);
    if (manifest === undefined) return false;
    const { config, layers } = manifest;
    const lacking: Digest[] = [];
    for (const blob of new Set([config, ...layers].map(each => each.digest))) {
      if (!(await this.isHeld(blob))) lacking.push(blob);
    }
    for (const blob of lacking) missing.add(blob);
    return lacking.length === 0;
  }

  private async manifestOf(image: ImageRecord): Promise<Manifest | undefined> {
    try {
      const parsed = parseManifest(await this.content.read(image.manifest.digest, MAX_MANIFEST_SIZE));
      return parsed.kind === 'manifest' ? parsed.manifest : undefined;
    } catch (error) {
      if (error instanceof ShaleError) return undefined;
      throw error;
    }
  }

  /** The marker goes before the second look: either we see the blob, or who brings it sees the marker. */
  private async isHeld(blob: Digest): Promise<boolean> {
    if ((await this.content.size(blob)) !== undefined) return true;
    await writeFile(this.context.layout.missing(blob), '', { mode: 0o600 });
    return (await this.content.size(blob)) !== undefined;
  }

  private async forgetMarkers(missing: Set<Digest>): Promise<void> {
    for (const name of await readdir(this.context.layout.dir('missing'))) {
      const digest = `sha256:${name}`;
      if (!isDigest(digest) || missing.has(digest)) continue;
      await rm(this.context.layout.missing(digest), { force: true });
    }
    await rm(this.staleMark, { force: true });
  }

  /** True when an image waits for this blob. */
  async isAwaited(blob: Digest): Promise<boolean> {
    try {
      await readFile(this.context.layout.missing(blob));
      return true;
    } catch (error) {
      if (errnoCode(error) === 'ENOENT') return false;
      throw error;
    }
  }
}

function listed(image: ImageRecord, name: string): Descriptor {
  return {
    ...image.manifest,
    annotations: { 'io.containerd.image.name': name, 'org.opencontainers.image.ref.name': name },
  };
}
