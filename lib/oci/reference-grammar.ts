/**
 * The grammar of references as regular expressions, named as in distribution/reference.
 * @see https://github.com/distribution/reference/blob/main/reference.go
 */
const pathComponent = '[a-z0-9]+(?:(?:[._]|__|[-]+)[a-z0-9]+)*';
const domainComponent = '(?:[a-zA-Z0-9]|[a-zA-Z0-9][a-zA-Z0-9-]*[a-zA-Z0-9])';
const ipv6 = '\\[[a-fA-F0-9:]+\\]';
const domain = `(?:${domainComponent}(?:\\.${domainComponent})*|${ipv6})(?::[0-9]+)?`;
const remoteName = `${pathComponent}(?:/${pathComponent})*`;
const tag = '[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}';
const digest = '[A-Za-z][A-Za-z0-9]*(?:[-_+.][A-Za-z][A-Za-z0-9]*)*:[0-9a-fA-F]{32,}';

/** Each matches a whole string. `name` captures domain and path; `reference` captures name, tag, digest. */
export const ANCHORED = {
  domain: new RegExp(`^${domain}$`),
  name: new RegExp(`^(?:(${domain})/)?(${remoteName})$`),
  path: new RegExp(`^${remoteName}$`),
  tag: new RegExp(`^${tag}$`),
  digest: new RegExp(`^${digest}$`),
  reference: new RegExp(`^((?:${domain}/)?${remoteName})(?::(${tag}))?(?:@(${digest}))?$`),
  /** an image id without its algorithm */
  identifier: /^[a-f0-9]{64}$/,
} as const;

/** characters of a repository path */
export const MAX_REPOSITORY = 255;

/** Characters that are looked at: the expressions backtrack in quadratic time on longer nonsense. */
export const MAX_REFERENCE = 4096;
