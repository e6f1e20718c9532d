import { UsageError } from '../util/errors.js';

/** A registry that is asked first when content of another one is pulled. */
export interface Mirror {
  /** `host[:port]` */
  host: string;
  plainHttp: boolean;
  /** put before the repository path, with a slash at its end; or empty */
  prefix: string;
}

/**
 * Reads `docker.io=http://127.0.0.1:5000,quay.io=https://cache.example/quay`: several per domain are tried in order.
 * @throws UsageError `USAGE_MIRROR`
 */
export function parseMirrors(text: string | undefined): Map<string, Mirror[]> {
  const mirrors = new Map<string, Mirror[]>();
  for (const entry of (text ?? '').split(',').map(part => part.trim())) {
    if (entry === '') continue;
    const equals = entry.indexOf('=');
    const domain = entry.slice(0, Math.max(0, equals));
    mirrors.set(domain, [...(mirrors.get(domain) ?? []), parseMirror(entry.slice(equals + 1), domain)]);
  }
  return mirrors;
}

function parseMirror(text: string, domain: string): Mirror {
  const valid = URL.canParse(text) ? new URL(text) : undefined;
  if (domain === '' || valid === undefined || !/^https?:$/.test(valid.protocol) || valid.username !== '') {
    throw new UsageError('USAGE_MIRROR', 'malformed registry mirror', {
      hint: 'write DOMAIN=http[s]://HOST[:PORT][/PREFIX], separated by commas; credentials go into the login file',
    });
  }
  const prefix = valid.pathname.replace(/^\/+|\/+$/g, '');
  return {
    host: valid.host,
    plainHttp: valid.protocol === 'http:',
    prefix: prefix === '' ? '' : `${prefix}/`,
  };
}
