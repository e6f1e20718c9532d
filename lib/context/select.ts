import type { BytePath, ScanEntry } from '../layer/types.js';
import { ContextError } from '../util/errors.js';
import { baseName, parentPath, pathBytes, pathComponents, pathText } from './byte-path.js';
import type { ContextFiles } from './files.js';
import { compileGoMatch } from './go-match.js';
import { cleanPath, compileIgnore, type IgnoreMatcher, type IgnoreState } from './ignore.js';

export interface SelectOptions {
  /** patterns of `--exclude`, relative to each source directory */
  excludes?: readonly string[];
  /** keep the directories of the sources, from `/./` on where a source has that */
  parents?: boolean;
}

/** One file or directory that a source stands for. */
export interface SelectedSource {
  /** the source as written */
  written: string;
  /** where it is in the context, links resolved; '' is the context itself */
  path: BytePath;
  /** its name before its last link was followed: what it is called in a destination directory */
  name: BytePath;
  entry: ScanEntry;
  /** a directory's content, to be copied without the directory itself; paths from the context, parents first */
  below: ScanEntry[];
}

/** Does a component of a path hold an unescaped `*`, `?` or `[`? */
export function hasWildcard(text: string): boolean {
  return /[*?[]/.test(text.replace(/\\./g, ''));
}

function notFound(written: string): ContextError {
  const path = `/${pathComponents(written).join('/')}`;
  return new ContextError(
    'CONTEXT_NOT_FOUND',
    `failed to calculate checksum: ${JSON.stringify(path)}: not found`,
    {
      detail: { source: written },
      hint: 'the path is relative to the build context, and may be ignored by .dockerignore',
    },
  );
}

/** Paths that match components with wildcards; directories that are links are not entered by a wildcard. */
async function matchWildcards(
  files: ContextFiles,
  base: BytePath,
  patterns: readonly string[],
): Promise<BytePath[]> {
  let level: BytePath[] = [base];
  for (const [depth, pattern] of patterns.entries()) {
    const matches = compileGoMatch(pattern);
    const next: BytePath[] = [];
    for (const directory of level) {
      for (const entry of await files.list(directory)) {
        if (!matches(pathText(baseName(entry.path)))) continue;
        if (depth === patterns.length - 1 || entry.type === 'dir') next.push(entry.path);
      }
    }
    level = next;
  }
  const present: BytePath[] = [];
  for (const path of level) if ((await files.lookup(path)) !== undefined) present.push(path);
  return present.sort();
}

/** The paths, links not yet followed, that a source names; a wildcard may name none. */
async function expandSource(
  files: ContextFiles,
  written: string,
): Promise<{ paths: BytePath[]; wildcard: boolean }> {
  const components = pathComponents(written);
  const first = components.findIndex(hasWildcard);
  if (first < 0) return { paths: [pathBytes(components.join('/'))], wildcard: false };
  const base = await files.resolve(pathBytes(components.slice(0, first).join('/')));
  const entry = await files.lookup(base);
  if (entry === undefined) throw notFound(written);
  if (entry.type !== 'dir') return { paths: [], wildcard: true };
  return { paths: await matchWildcards(files, base, components.slice(first)), wildcard: true };
}

/** A filter for the entries below a directory that keeps the state of each directory it passes. */
function filterBelow(
  entries: readonly ScanEntry[],
  base: BytePath,
  matcher: IgnoreMatcher,
): { entry: ScanEntry; matched: boolean }[] {
  const states = new Map<BytePath, IgnoreState>();
  const skip = base === '' ? 0 : base.length + 1;
  return entries.map(entry => {
    const state = matcher.descend(states.get(parentPath(entry.path)), pathText(entry.path.slice(skip)));
    if (entry.type === 'dir') states.set(entry.path, state);
    return { entry, matched: state.excluded };
  });
}

/** Those entries that `wanted` names, and the directories above them. */
function withParents(entries: readonly ScanEntry[], wanted: ReadonlySet<BytePath>): ScanEntry[] {
  const needed = new Set<BytePath>(wanted);
  for (const path of wanted) {
    for (let up = parentPath(path); up !== '' && !needed.has(up); up = parentPath(up)) needed.add(up);
  }
  return entries.filter(entry => needed.has(entry.path));
}

/** Leaves out what is excluded; a directory that is excluded stays if something below it is not. */
function exclude(entries: ScanEntry[], base: BytePath, matcher: IgnoreMatcher | undefined): ScanEntry[] {
  if (matcher === undefined) return entries;
  const kept = filterBelow(entries, base, matcher).filter(({ matched }) => !matched);
  if (!matcher.hasExceptions) return kept.map(({ entry }) => entry);
  return withParents(entries, new Set(kept.map(({ entry }) => entry.path)));
}

async function selectOne(
  files: ContextFiles,
  written: string,
  path: BytePath,
  matcher: IgnoreMatcher | undefined,
): Promise<SelectedSource> {
  const resolved = await files.resolve(path);
  const entry = await files.lookup(resolved);
  if (entry === undefined) throw notFound(written);
  const below = entry.type === 'dir' ? exclude(await files.below(resolved), resolved, matcher) : [];
  return { written, path: resolved, name: baseName(path), entry, below };
}

async function selectPlain(
  files: ContextFiles,
  written: string,
  matcher: IgnoreMatcher | undefined,
): Promise<SelectedSource[]> {
  const { paths, wildcard } = await expandSource(files, written);
  const selected: SelectedSource[] = [];
  for (const path of paths) {
    const source = await selectOne(files, written, path, matcher);
    const unwanted =
      wildcard && source.entry.type !== 'dir' && matcher?.matches(pathText(source.name)) === true;
    if (!unwanted) selected.push(source);
  }
  return selected;
}

/** `--parents`: below the part before `/./`, everything that the rest matches, with its directories. */
async function selectWithParents(
  files: ContextFiles,
  written: string,
  matcher: IgnoreMatcher | undefined,
): Promise<SelectedSource[]> {
  const at = written.indexOf('/./');
  const base = at < 0 ? '/' : written.slice(0, at);
  const pattern = pathComponents(at < 0 ? written : written.slice(at + 3)).join('/');
  const { paths, wildcard } = await expandSource(files, base);
  const include = compileIgnore([pattern === '' ? '**' : pattern]);
  const selected: SelectedSource[] = [];
  for (const path of paths) {
    const source = await selectOne(files, written, path, undefined);
    const matched = filterBelow(source.below, source.path, include).filter(({ matched }) => matched);
    const included = withParents(source.below, new Set(matched.map(({ entry }) => entry.path)));
    selected.push({ ...source, below: exclude(included, source.path, matcher) });
  }
  if (
    !wildcard &&
    !hasWildcard(pattern) &&
    selected.every(source => source.below.length === 0) &&
    pattern !== ''
  ) {
    throw notFound(cleanPath(`${base}/${pattern}`));
  }
  return selected;
}

/**
 * The files that the sources of a COPY or ADD stand for, in the order of the sources, as BuildKit selects them:
 * `..` and a leading `/` stay within the context, wildcards are Go's `filepath.Match`, a source that is a link is
 * followed within the context, links below a source directory stay links. A wildcard that matches nothing selects
 * nothing.
 *
 * @throws ContextError `CONTEXT_NOT_FOUND` for a source without wildcards that is not there or is ignored;
 *   DockerfileError `IGNORE_PATTERN` for a malformed pattern
 */
export async function selectSources(
  files: ContextFiles,
  sources: readonly string[],
  options: SelectOptions = {},
): Promise<SelectedSource[]> {
  const matcher = options.excludes?.length ? compileIgnore(options.excludes) : undefined;
  const select = options.parents ? selectWithParents : selectPlain;
  const selected: SelectedSource[] = [];
  for (const source of sources) selected.push(...(await select(files, source, matcher)));
  return selected;
}
