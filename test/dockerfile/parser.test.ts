import t from 'tap';
import {
  type DockerfileNode,
  detectSyntax,
  dumpTree,
  errorRange,
  findDirective,
  type Heredoc,
  heredocsOfLine,
  parse,
  parseHeredocWord,
  parseInstruction,
  parseJsonArray,
  parseStages,
  splitWords,
} from '../../lib/dockerfile/index.js';
import { readCorpus } from '../fixtures/corpora.js';

interface UpstreamNode {
  args: string[] | null;
  attrs: { json?: boolean } | null;
  cmd: string;
  comments: string[] | null;
  end: number;
  line: number;
  flags: string[] | null;
  original: string;
  heredocs?: { Name: string; FileDescriptor: number; Expand: boolean; Chomp: boolean; Content: string }[];
}
interface Upstream {
  parser_error?: string;
  instructions_error?: string;
  directives?: { name: string; value: string }[] | null;
  dump?: string;
  escape?: string;
  nodes?: UpstreamNode[];
  warnings?: string[] | null;
  stages?: {
    base: string;
    name: string;
    platform: string;
    commands: { name: string; string: string }[] | null;
  }[];
}
interface ParserCase {
  id: string;
  kind: string;
  name: string;
  dockerfile: string;
  word: string;
  line: string;
  stage?: string;
  result: never;
  error?: string | true;
  upstream?: Upstream;
}
type T = typeof t;

const heredocs = (node: DockerfileNode) =>
  node.heredocs.length === 0
    ? undefined
    : node.heredocs.map(heredoc => ({
        Name: heredoc.name,
        FileDescriptor: heredoc.fileDescriptor,
        Expand: heredoc.expand,
        Chomp: heredoc.chomp,
        Content: heredoc.content,
      }));

/** Everything that BuildKit's own parser said of the same text. */
function agreesWithUpstream(t: T, text: string, upstream: Upstream): void {
  if (upstream.parser_error !== undefined) {
    t.throws(() => parse(text), { message: new RegExp(escapeRegExp(upstream.parser_error)) });
    return;
  }
  const tree = parse(text);
  if (upstream.dump !== undefined) t.equal(dumpTree(tree), upstream.dump);
  if (upstream.escape !== undefined) t.equal(tree.escape, upstream.escape);
  t.same(
    tree.directives.map(({ name, value }) => ({ name, value })),
    upstream.directives ?? [],
  );
  t.same(
    tree.warnings.map(warning => warning.message),
    upstream.warnings ?? [],
  );
  for (const [index, node] of (upstream.nodes ?? []).entries()) {
    const ours = tree.nodes[index];
    t.match(ours, {
      name: node.cmd,
      original: node.original,
      range: { start: node.line, end: node.end },
    });
    t.same(ours?.comments, node.comments ?? []);
    t.same(ours?.flags, node.flags ?? []);
    // The upstream's node of a trigger has a child instead of arguments.
    t.same(ours?.trigger ? [''] : ours?.args, node.args ?? []);
    t.equal(ours?.json, node.attrs?.json ?? false);
    t.same(ours && heredocs(ours), node.heredocs);
  }
  if (upstream.instructions_error !== undefined) {
    const expected = upstream.instructions_error.replace(/^dockerfile parse error on line \d+: /, '');
    t.throws(() => parseStages(tree), { message: new RegExp(escapeRegExp(expected)) });
    const line = /on line (\d+)/.exec(upstream.instructions_error)?.[1];
    if (line !== undefined) t.equal(errorRange(errorOf(() => parseStages(tree)))?.start, Number(line));
  } else {
    t.same(
      parseStages(tree).stages.map(stage => ({
        base: stage.base,
        name: stage.name ?? '',
        platform: stage.platform ?? '',
        commands: stage.instructions.map(({ kind, original }) => ({ name: kind, string: original })),
      })),
      upstream.stages?.map(({ commands, ...stage }) => ({
        ...stage,
        commands: (commands ?? []).map(({ name, string }) => ({ name, string })),
      })),
    );
  }
}

function errorOf(act: () => unknown): unknown {
  try {
    act();
  } catch (error) {
    return error;
  }
  return undefined;
}

function escapeRegExp(text: string): string {
  return text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
}

const nullable = <V>(list: V[]): V[] | null => (list.length === 0 ? null : list);

/** What each kind of case asks, beside the upstream's own view of the whole file. */
const kinds: Record<string, (t: T, entry: ParserCase) => void> = {
  dump: (t, { dockerfile, result }) => t.equal(dumpTree(parse(dockerfile)), result),
  error: (t, { dockerfile, error, stage }) => {
    const act = () => (stage === 'parse' ? parse(dockerfile) : parseStages(parse(dockerfile)));
    t.throws(
      act,
      typeof error === 'string' ? { message: new RegExp(escapeRegExp(error)) } : { code: /^DOCKERFILE_/ },
    );
  },
  verdict: (t, { dockerfile, result, error }) => {
    const act = () => parseStages(parse(dockerfile));
    if ((result as { ok: boolean }).ok) t.doesNotThrow(act);
    else t.throws(act, { message: new RegExp(escapeRegExp(String(error))) });
  },
  'heredoc-word': (t, { word, result, error }) => {
    if (error) t.throws(() => parseHeredocWord(word), { code: 'DOCKERFILE_HEREDOC' });
    else t.equal(parseHeredocWord(word)?.name, (result as { Name: string } | null)?.Name);
  },
  'heredoc-line': (t, { line, result }) =>
    t.same(
      heredocsOfLine(line).map((heredoc: Heredoc) => heredoc.name),
      result,
    ),
  heredocs: (t, { dockerfile, result }) =>
    t.same(
      parse(dockerfile)
        .nodes.slice(1)
        .map(node => nullable(node.heredocs)),
      result,
    ),
  'json-array': (t, { line, result, error }) => {
    if (error) t.throws(() => parseJsonArray(line), { code: 'DOCKERFILE_SYNTAX' });
    else t.same(parseJsonArray(line), result);
  },
  'split-words': (t, { line, result }) => t.same(splitWords(line), result),
  lines: (t, { dockerfile, result }) =>
    t.same(
      parse(dockerfile).nodes.map(node => [node.range.start, node.range.end]),
      result,
    ),
  args: (t, { dockerfile, result }) => t.same(parse(dockerfile).nodes[1]?.args, result),
  directives: (t, { dockerfile, result }) => {
    const tree = parse(`${dockerfile}\nFROM scratch\n`);
    t.same(
      tree.directives.map(({ name, value }) => ({ name, value })),
      result,
    );
  },
  'detect-syntax': (t, { dockerfile, result }) => {
    const want = result as { fn: string; ok: boolean; ref?: string; cmdline?: string; line?: number };
    const found = want.fn === 'DetectSyntax' ? detectSyntax(dockerfile) : findDirective(dockerfile, 'check');
    t.equal(found !== undefined, want.ok);
    if (!want.ok) return;
    t.equal(found?.reference, want.ref);
    if (want.cmdline !== undefined) t.equal(found?.value, want.cmdline);
    if (want.line !== undefined) t.equal(found?.line, want.line);
  },
  copy: (t, { dockerfile, result }) => {
    const [node] = parse(dockerfile).nodes;
    const copy = node && parseInstruction(node);
    if (copy?.kind !== 'COPY') throw new Error('no COPY');
    t.same(
      {
        DestPath: copy.destination,
        SourceContents: nullable(
          copy.heredocs.map(({ name, content, expand }) => ({ Data: content, Expand: expand, Path: name })),
        ),
        SourcePaths: nullable(copy.sources),
      },
      result,
    );
  },
  run: (t, { dockerfile, result }) => {
    const [node] = parse(dockerfile).nodes;
    const run = node && parseInstruction(node);
    if (run?.kind !== 'RUN') throw new Error('no RUN');
    t.same(
      {
        shell: run.form === 'shell',
        command: run.command,
        files: nullable(
          run.heredocs.map(({ name, content, chomp }) => ({ Name: name, Data: content, Chomp: chomp })),
        ),
      },
      result,
    );
  },
};

for (const entry of readCorpus<ParserCase[]>('parser.json') ?? []) {
  t.test(`${entry.id} (${entry.kind})`, t => {
    const check = kinds[entry.kind];
    if (check === undefined) t.fail(`nobody checks cases of kind ${entry.kind}`);
    else check(t as T, entry);
    if (entry.upstream !== undefined && entry.kind !== 'directives') {
      agreesWithUpstream(t as T, entry.dockerfile, entry.upstream);
    }
    t.end();
  });
}
