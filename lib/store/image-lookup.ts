import { type Digest, digestHex, isDigest } from '../util/digest.js';
import { StoreError } from '../util/errors.js';
import { readName } from './names.js';
import type { References } from './references.js';
import type { ImageRecord } from './types.js';

/** What is asked for images. */
export interface ImageSource {
  references: References;
  get(id: Digest): Promise<ImageRecord | undefined>;
  list(): Promise<ImageRecord[]>;
  ids(): Promise<Digest[]>;
}

/**
 * Looks an image up by a name, `name@digest`, an id, or the beginning of one; a name goes before an id.
 *
 * @param digits how many of an id there must be
 * @throws StoreError `STORE_IMAGE_AMBIGUOUS`
 */
export async function findImage(
  images: ImageSource,
  text: string,
  digits: number,
): Promise<ImageRecord | undefined> {
  if (isDigest(text)) return images.get(text);
  return (await findByName(images, text)) ?? (await findByPrefix(images, text, digits));
}

async function findByName(images: ImageSource, text: string): Promise<ImageRecord | undefined> {
  const meaning = readName(text);
  if (meaning === undefined) return undefined;
  if ('repoDigest' in meaning) {
    const { repoDigest } = meaning;
    return (await images.list()).find(image => image.repoDigests.includes(repoDigest));
  }
  const reference = await images.references.get(meaning.name);
  return reference && images.get(reference.image);
}

async function findByPrefix(
  images: ImageSource,
  text: string,
  digits: number,
): Promise<ImageRecord | undefined> {
  const hex = text.replace(/^sha256:/, '');
  if (!/^[0-9a-f]{1,64}$/.test(hex) || hex.length < digits) return undefined;
  const [first, second] = (await images.ids()).filter(id => digestHex(id).startsWith(hex));
  if (second !== undefined) {
    throw new StoreError('STORE_IMAGE_AMBIGUOUS', `image id ${JSON.stringify(text)} fits several images`, {
      hint: 'give more digits',
    });
  }
  return first && images.get(first);
}
