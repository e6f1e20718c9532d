import { OciError } from '../util/errors.js';

/** `debian` to `docker.io/library/debian:latest`. */
export function normalizeName(text: string): string {
  const match = /^(?:([^/]*[.:][^/]*|localhost)\/)?([a-z0-9._/-]+)(?::([\w][\w.-]{0,127}))?$/.exec(text);
  if (!match?.[2]) throw new OciError('OCI_REFERENCE_INVALID', `invalid reference ${JSON.stringify(text)}`);
  const [, domain = 'docker.io', path, tag = 'latest'] = match;
  const full = domain === 'docker.io' && !path.includes('/') ? `library/${path}` : path;
  return `${domain}/${full}:${tag}`;
}
