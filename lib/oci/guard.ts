import { parseDigest } from '../util/digest.js';
import { OciError } from '../util/errors.js';
import type { Descriptor, Platform } from './types.js';

export type JsonObject = Record<string, unknown>;

/** Reads one document; each method names the place of what is wrong. */
export class Guard {
  /** @param code of every error. @param what names the document in messages */
  constructor(
    private readonly code: string,
    private readonly what: string,
  ) {}

  fail(reason: string): never {
    throw new OciError(this.code, `invalid ${this.what}: ${reason}`);
  }

  /** @param limit bytes */
  parse(bytes: Uint8Array, limit: number): JsonObject {
    if (bytes.length > limit) this.fail(`${bytes.length} bytes, more than the limit of ${limit}`);
    let value: unknown;
    try {
      value = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
    } catch {
      this.fail('not JSON in UTF-8');
    }
    return this.object(value, 'the document');
  }

  object(value: unknown, where: string): JsonObject {
    if (typeof value !== 'object' || value === null || Array.isArray(value))
      this.fail(`${where} is not an object`);
    return value as JsonObject;
  }

  string(value: unknown, where: string): string {
    if (typeof value !== 'string') this.fail(`${where} is not a string`);
    return value;
  }

  optionalString(value: unknown, where: string): string | undefined {
    return value === undefined || value === null ? undefined : this.string(value, where);
  }

  array(value: unknown, where: string, limit: number): unknown[] {
    if (!Array.isArray(value)) this.fail(`${where} is not a list`);
    if (value.length > limit)
      this.fail(`${where} has ${value.length} entries, more than the limit of ${limit}`);
    return value;
  }

  strings(value: unknown, where: string, limit = 10_000): string[] {
    return this.array(value, where, limit).map((item, i) => this.string(item, `${where}[${i}]`));
  }

  /** A map of strings without a prototype: a key `__proto__` is a key like others. */
  stringMap(value: unknown, where: string): Record<string, string> {
    const map: Record<string, string> = Object.create(null);
    for (const [key, item] of Object.entries(this.object(value, where))) {
      map[key] = this.string(item, `${where}[${JSON.stringify(key)}]`);
    }
    return map;
  }

  /** Bytes; JSON.parse rounds what is beyond 2^53, so such numbers are refused. */
  size(value: unknown, where: string): number {
    if (typeof value !== 'number' || !Number.isSafeInteger(value) || value < 0)
      this.fail(`${where} is not a size in bytes`);
    return value;
  }

  /** Go matches keys without regard to case: a second spelling would be seen by others and not by us. */
  exactKeys(value: JsonObject, known: readonly string[]): void {
    const lower = new Map(known.map(key => [key.toLowerCase(), key]));
    for (const key of Object.keys(value)) {
      const exact = lower.get(key.toLowerCase());
      if (exact !== undefined && exact !== key)
        this.fail(`key ${JSON.stringify(key)} must be written ${exact}`);
    }
  }

  platform(value: unknown, where: string): Platform {
    const raw = this.object(value, where);
    return {
      ...raw,
      os: this.string(raw.os, `${where}.os`),
      architecture: this.string(raw.architecture, `${where}.architecture`),
      variant: this.optionalString(raw.variant, `${where}.variant`),
      'os.version': this.optionalString(raw['os.version'], `${where}.os.version`),
      'os.features':
        raw['os.features'] == null ? undefined : this.strings(raw['os.features'], `${where}.os.features`),
    };
  }

  descriptor(value: unknown, where: string): Descriptor {
    const raw = this.object(value, where);
    this.exactKeys(raw, ['mediaType', 'digest', 'size', 'urls', 'annotations', 'platform']);
    return {
      ...raw,
      mediaType: this.string(raw.mediaType, `${where}.mediaType`),
      digest: parseDigest(raw.digest),
      size: this.size(raw.size, `${where}.size`),
      ...(raw.urls == null ? {} : { urls: this.strings(raw.urls, `${where}.urls`, 100) }),
      ...(raw.annotations == null
        ? {}
        : { annotations: this.stringMap(raw.annotations, `${where}.annotations`) }),
      ...(raw.platform == null ? {} : { platform: this.platform(raw.platform, `${where}.platform`) }),
    };
  }
}
