import t from 'tap';
import {
  familiarMatch,
  familiarName,
  formatReference,
  normalizeReference,
  parseAnyReference,
  parseCanonicalReference,
  parseDockerReference,
  parseReference,
  parseRepositoryName,
  REFERENCE_PATTERNS,
  repositoryName,
  withDigest,
  withTag,
} from '../../lib/oci/index.js';
import { isShaleError } from '../../lib/util/errors.js';
import { CORPUS_MISSING, readCorpus } from '../fixtures/corpora.js';

interface Case {
  id: string;
  kind: string;
  input: string;
  name: string;
  reference: string;
  pattern: string;
  domain: string;
  path: string;
  repository: string;
  familiar?: string;
  full?: string;
  tag: string;
  digest: string;
  expected: string | boolean;
  error?: string | boolean;
  valid: boolean;
  match: boolean;
  subs: string[] | null;
}

/** What distribution's own test looks at, made from ours; thrown errors are compared by message. */
const RUN: Record<string, (c: Case) => unknown> = {
  parse: c => {
    const ref = parseReference(c.input);
    return {
      domain: ref.domain,
      repository: repositoryName(ref),
      tag: ref.tag ?? '',
      digest: ref.digest ?? '',
    };
  },
  normalize: c => {
    const ref = normalizeReference(c.input);
    const named = c.full === undefined ? {} : { full: repositoryName(ref), familiar: familiarName(ref) };
    return { domain: ref.domain, path: ref.path, ...named };
  },
  'normalized-valid': c => {
    try {
      normalizeReference(c.input);
      return true;
    } catch (error) {
      return isShaleError(error) && error.code === 'OCI_REFERENCE_INVALID' ? false : error;
    }
  },
  'parse-any': c => {
    const any = parseAnyReference(c.input);
    return any.kind === 'digest' ? any.digest : formatReference(any.reference);
  },
  'docker-ref': c => formatReference(parseDockerReference(c.input)),
  'familiar-match': c => familiarMatch(c.pattern, normalizeReference(c.reference)),
  'parse-named': c => {
    const { domain, path } = parseCanonicalReference(c.input);
    return { domain, path };
  },
  'with-name': c => repositoryName(parseRepositoryName(c.input)),
  'with-tag': c => formatReference(withTag(digested(c), c.tag)),
  'with-digest': c => {
    const name = parseRepositoryName(c.name);
    return formatReference(withDigest(c.tag === '' ? name : withTag(name, c.tag), c.digest));
  },
  split: c => {
    const { domain, path } = parseRepositoryName(c.input);
    return { domain, path };
  },
  'regexp-domain': c => matched(REFERENCE_PATTERNS.domain, c),
  'regexp-fullname': c => matched(REFERENCE_PATTERNS.name, c),
  'regexp-reference': c => matched(REFERENCE_PATTERNS.reference, c),
  'regexp-identifier': c => matched(REFERENCE_PATTERNS.identifier, c),
};

function digested(c: Case) {
  const name = parseRepositoryName(c.name);
  return c.digest === '' ? name : withDigest(name, c.digest);
}

function matched(pattern: RegExp, c: Case): unknown {
  const match = pattern.exec(c.input);
  return c.subs === null ? match !== null : match?.slice(1).map(part => part ?? '');
}

function wanted(c: Case): unknown {
  if (c.kind === 'parse') return { domain: c.domain, repository: c.repository, tag: c.tag, digest: c.digest };
  if (c.kind === 'normalize') {
    const named = c.full === undefined ? {} : { full: c.full, familiar: c.familiar };
    return { domain: c.domain, path: c.path, ...named };
  }
  if (c.kind === 'parse-named' || c.kind === 'split') return { domain: c.domain, path: c.path };
  if (c.kind === 'normalized-valid') return c.valid;
  if (c.kind.startsWith('regexp-')) return c.subs ?? c.match;
  return c.expected;
}

const cases = readCorpus<Case[]>('references.json');
if (cases === undefined) t.test('corpus', { skip: CORPUS_MISSING }, async () => {});
for (const c of cases ?? []) {
  t.test(`${c.kind} ${c.id}: ${(c.input ?? c.name ?? c.reference).slice(0, 60)}`, async t => {
    const run = RUN[c.kind];
    if (run === undefined) return t.fail(`no rule for kind ${c.kind}`);
    if (c.error === undefined) return t.same(run(c), wanted(c));
    const error = t.throws(() => run(c)) as Error | undefined;
    if (typeof c.error === 'string') t.equal(error?.message, c.error);
  });
}
