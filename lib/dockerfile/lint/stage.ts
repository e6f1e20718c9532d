import { expandNoting } from '../expand-instruction.js';
import { parsePortSpec } from '../ports.js';
import { nearest } from '../suggest.js';
import { quote } from '../text.js';
import type {
  ArgInstruction,
  EscapeCharacter,
  Instruction,
  NamesUsed,
  SourceRange,
  Stage,
} from '../types.js';
import type { Reporter } from './report.js';

/** The rules of an ignore file, as far as checks ask. An `IgnoreMatcher` of the context room is one. */
export interface LintIgnore {
  readonly patterns: readonly string[];
  readonly hasExceptions: boolean;
  matches(path: string): boolean;
}

/** What all stages of one run share. */
export interface LintScope {
  escape: EscapeCharacter;
  buildArgs: ReadonlyMap<string, string>;
  globalArgs: ReadonlyMap<string, string>;
  ignore?: LintIgnore;
}

/** What a stage hands on to those built on it. */
export interface StageFacts {
  env: Map<string, string>;
  declaredArgs: Set<string>;
  hasShell: boolean;
  hasWorkdir: boolean;
}

const SECRET = /(?:_|^)(?:apikey|auth|credential|credentials|key|password|pword|passwd|secret|token)(?:_|$)/i;
const NO_SECRET = /(?:_|^)(?:public|file|version)(?:_|$)/i;
/** Arguments that instruct the builder and are no variables. */
const BUILDER_ARGS = new Set(['BUILDKIT_SBOM_SCAN_CONTEXT', 'BUILDKIT_SBOM_SCAN_STAGE']);
const EVERYTHING = new Set(['*', '**', '**/*']);

/** Walks through one stage as a build would, and warns. */
export class StageLinter {
  readonly #last = new Map<string, SourceRange>();

  constructor(
    readonly scope: LintScope,
    readonly facts: StageFacts,
  ) {}

  /** @throws DockerfileError where a build would fail too */
  run(stage: Stage, reporter: Reporter): void {
    for (const instruction of stage.instructions)
      this.#check(instruction, reporter.within(instruction.comments));
  }

  #check(instruction: Instruction, reporter: Reporter): void {
    if (instruction.kind === 'ARG') {
      this.#checkArg(instruction, reporter);
      return;
    }
    const expanded = expandNoting(instruction, this.facts.env, this.scope.escape, names => {
      if (instruction.kind !== 'EXPOSE') this.#warnUndefined(names, instruction.range, reporter);
    });
    this.#checkExpanded(expanded, reporter);
  }

  #checkExpanded(instruction: Instruction, reporter: Reporter): void {
    const { range } = instruction;
    switch (instruction.kind) {
      case 'ENV':
        for (const { key, value } of instruction.pairs) {
          if (instruction.legacy) this.#warnLegacy('ENV', range, reporter);
          warnSecret('ENV', key, range, reporter);
          this.facts.env.set(key, value);
        }
        break;
      case 'LABEL':
        if (instruction.legacy) this.#warnLegacy('LABEL', range, reporter);
        break;
      case 'WORKDIR':
        this.#checkWorkdir(instruction.path, range, reporter);
        break;
      case 'COPY':
      case 'ADD':
        if (instruction.kind === 'ADD' || instruction.from === undefined) {
          for (const source of instruction.sources)
            this.#checkSource(instruction.kind, source, range, reporter);
        }
        break;
      case 'EXPOSE':
        for (const port of instruction.ports) checkPort(port, range, reporter);
        break;
      case 'SHELL':
        this.facts.hasShell = true;
        break;
      case 'CMD':
      case 'ENTRYPOINT':
        this.#checkOnce(instruction.kind, range, reporter);
        if (instruction.form === 'shell' && !this.facts.hasShell) {
          reporter.warn(
            'JSONArgsRecommended',
            range,
            `JSON arguments recommended for ${instruction.kind} to prevent unintended behavior related to OS signals`,
          );
        }
        break;
      case 'HEALTHCHECK':
        this.#checkOnce('HEALTHCHECK', range, reporter);
        break;
    }
  }

  #checkArg(instruction: ArgInstruction, reporter: Reporter): void {
    const { range } = instruction;
    for (const { name, value: written } of instruction.args) {
      warnSecret('ARG', name, range, reporter);
      const single: ArgInstruction = { ...instruction, args: [{ name: '', value: written }] };
      let value = this.scope.buildArgs.get(name);
      if (value === undefined && written !== undefined) {
        const note = (names: NamesUsed) => this.#warnUndefined(names, range, reporter);
        value = expandNoting(single, this.facts.env, this.scope.escape, note).args[0]?.value;
      }
      value ??= this.scope.globalArgs.get(name);
      if (value !== undefined && !BUILDER_ARGS.has(name)) this.facts.env.set(name, value);
      this.facts.declaredArgs.add(name);
    }
  }

  #warnUndefined({ unsetNames }: NamesUsed, range: SourceRange, reporter: Reporter): void {
    for (const name of unsetNames) {
      if (this.facts.declaredArgs.has(name) || BUILDER_ARGS.has(name)) continue;
      const match = nearest(name, this.facts.env.keys(), true);
      const suggestion = match === undefined ? '' : ` (did you mean $${match}?)`;
      reporter.warn('UndefinedVar', range, `Usage of undefined variable '$${name}'${suggestion}`);
    }
  }

  #warnLegacy(name: string, range: SourceRange, reporter: Reporter): void {
    const message = `"${name} key=value" should be used instead of legacy "${name} key value" format`;
    reporter.warn('LegacyKeyValueFormat', range, message);
  }

  /** Only the first one counts: the later ones are mended with it. */
  #checkWorkdir(path: string, range: SourceRange, reporter: Reporter): void {
    if (!this.facts.hasWorkdir && !path.startsWith('/')) {
      const message = `Relative workdir ${quote(path)} can have unexpected results if the base image changes`;
      reporter.warn('WorkdirRelativePath', range, message);
    }
    this.facts.hasWorkdir = true;
  }

  /** Warns of the earlier one, which has no effect. */
  #checkOnce(kind: string, range: SourceRange, reporter: Reporter): void {
    const earlier = this.#last.get(kind);
    if (earlier !== undefined) {
      const message = `Multiple ${kind} instructions should not be used in the same stage because only the last one will be used`;
      reporter.warn('MultipleInstructionsDisallowed', earlier, message);
    }
    this.#last.set(kind, range);
  }

  /** With exceptions nothing is said: a directory may be ignored and a file in it not. */
  #checkSource(kind: 'COPY' | 'ADD', source: string, range: SourceRange, reporter: Reporter): void {
    const { ignore } = this.scope;
    if (ignore === undefined || ignore.hasExceptions || /^[a-z]+:\/\//.test(source)) return;
    const path = cleanSource(source);
    const isRoot = path === '.' || path === '/';
    if (isRoot && !ignore.patterns.some(pattern => EVERYTHING.has(pattern))) return;
    if (!ignore.matches(path)) return;
    const verb = kind === 'ADD' ? 'Add' : 'Copy';
    const message = `Attempting to ${verb} file ${quote(path)} that is excluded by .dockerignore`;
    reporter.warn('CopyIgnoredFile', range, message);
  }
}

function cleanSource(source: string): string {
  const absolute = source.startsWith('/');
  const parts: string[] = [];
  for (const part of source.split('/')) {
    if (part === '' || part === '.') continue;
    if (part === '..' && parts.length > 0 && parts.at(-1) !== '..') parts.pop();
    else if (part !== '..' || !absolute) parts.push(part);
  }
  return (absolute ? '/' : '') + parts.join('/') || '.';
}

function warnSecret(instruction: string, key: string, range: SourceRange, reporter: Reporter): void {
  if (!SECRET.test(key) || NO_SECRET.test(key)) return;
  const message = `Do not use ARG or ENV instructions for sensitive data (${instruction} ${quote(key)})`;
  reporter.warn('SecretsUsedInArgOrEnv', range, message);
}

function checkPort(port: string, range: SourceRange, reporter: Reporter): void {
  const { address, hostPort, protocol } = parsePortSpec(port);
  if (protocol !== protocol.toLowerCase()) {
    const message = `Defined protocol '${port}' in EXPOSE instruction should be lowercase`;
    reporter.warn('ExposeProtoCasing', range, message);
  }
  if (address === '' && hostPort === '') return;
  const message = `EXPOSE instruction should not define an IP address or host-port mapping, found '${port}'`;
  reporter.warn('ExposeInvalidFormat', range, message);
}
