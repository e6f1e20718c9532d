import { type Descriptor, isForeignLayerType } from '../oci/index.js';
import { errorMessage, isShaleError, RegistryError } from '../util/errors.js';
import type { RegistryClient } from './client.js';
import { refuseTarget } from './origin.js';
import { forEachParallel } from './pool.js';
import type { ContentSink } from './types.js';

export interface LayerOptions {
  content: ContentSink;
  signal?: AbortSignal;
  /** blobs at a time; default 3 */
  maxParallel?: number;
  /** true: layers that the registry does not hold are fetched from the URLs in the manifest. Default false. */
  foreignLayers?: boolean;
}

/** Fetches those of the layers that the sink does not hold. Also for layers that were left out by `layers: false`. */
export async function fetchLayers(
  client: RegistryClient,
  repository: string,
  layers: readonly Descriptor[],
  options: LayerOptions,
): Promise<void> {
  const { content, maxParallel = 3 } = options;
  const distinct = [...new Map(layers.map(layer => [layer.digest, layer])).values()];
  await forEachParallel(distinct, maxParallel, options.signal, (layer, signal) =>
    content.withLock(layer.digest, async () => {
      if (await content.has(layer.digest)) return client.report(layer, 'exists');
      const path = await content.partialPath(layer.digest);
      await fetchLayer(client, repository, layer, path, { ...options, signal });
      await content.commit(layer, path);
    }),
  );
}

async function fetchLayer(
  client: RegistryClient,
  repository: string,
  layer: Descriptor,
  path: string,
  { signal, foreignLayers = false }: Pick<LayerOptions, 'signal' | 'foreignLayers'>,
): Promise<void> {
  try {
    await client.fetchBlob(repository, layer, { path }, { signal });
  } catch (error) {
    const urls = foreignLayers && isForeignLayerType(layer.mediaType) ? (layer.urls ?? []) : [];
    if (!isShaleError(error) || error.code !== 'REGISTRY_NOT_FOUND' || urls.length === 0) throw error;
    await fetchForeign(client, repository, layer, path, urls, signal);
  }
}

/** A manifest's own URLs are an outsider's words: https only, no private addresses, no credentials (CVE-2020-15157). */
async function fetchForeign(
  client: RegistryClient,
  repository: string,
  layer: Descriptor,
  path: string,
  urls: readonly string[],
  signal: AbortSignal | undefined,
): Promise<void> {
  const from = new URL('https://registry.invalid/');
  const reasons: string[] = [];
  for (const text of urls) {
    const url = URL.canParse(text) ? new URL(text) : undefined;
    const refusal = url === undefined ? 'malformed URL' : refuseTarget(url, from);
    try {
      if (url === undefined || refusal !== undefined)
        throw new RegistryError('REGISTRY_REDIRECT_REFUSED', refusal ?? '');
      return await client.fetchBlob(repository, layer, { path }, { signal, url });
    } catch (error) {
      if (!isShaleError(error)) throw error;
      reasons.push(errorMessage(error));
    }
  }
  throw new RegistryError(
    'REGISTRY_NOT_FOUND',
    `layer ${layer.digest} comes from none of its URLs: ${reasons.join('; ')}`,
  );
}
