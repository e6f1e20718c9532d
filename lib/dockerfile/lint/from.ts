import { dockerfileError } from '../errors.js';
import { type LexResult, lexShell } from '../shell-words.js';
import { didYouMean, nearest } from '../suggest.js';
import { quote } from '../text.js';
import type { ArgInstruction, EscapeCharacter, Stage } from '../types.js';
import { type LintPlatform, parseLintPlatform } from './platform.js';
import type { Reporter } from './report.js';

/** The values of the global arguments, after those that are always there. */
export function evaluateMetaArgs(
  metaArgs: readonly ArgInstruction[],
  predefined: ReadonlyMap<string, string>,
  buildArgs: ReadonlyMap<string, string>,
  escapeChar: EscapeCharacter,
): Map<string, string> {
  const values = new Map(predefined);
  for (const { args } of metaArgs) {
    for (const { name, value } of args) {
      const given = buildArgs.get(name);
      if (given !== undefined) values.set(name, given);
      else if (value !== undefined) values.set(name, lexShell(value, values, { escape: escapeChar }).text);
    }
  }
  return values;
}

/** A FROM with its variables resolved. */
export interface ResolvedFrom {
  base: string;
  platform?: LintPlatform;
}

/** Checks the FROM lines, whose variables are the global arguments. */
export class FromLinter {
  constructor(
    readonly globalArgs: ReadonlyMap<string, string>,
    /** names of global arguments, also of those without a value */
    readonly declared: ReadonlySet<string>,
    readonly escapeChar: EscapeCharacter,
  ) {}

  /** @throws DockerfileError where a build would fail too */
  resolve(stage: Stage, reporter: Reporter): ResolvedFrom {
    const base = this.#expand(stage.base, stage, reporter);
    if (base.text === '') {
      throw dockerfileError(
        'DOCKERFILE_SYNTAX',
        `base name (${stage.base}) should not be blank`,
        stage.range,
      );
    }
    return { base: base.text, platform: this.#platform(stage, reporter) };
  }

  #platform(stage: Stage, reporter: Reporter): LintPlatform | undefined {
    if (stage.platform === undefined) return undefined;
    const found = this.#expand(stage.platform, stage, reporter);
    this.#checkRedundant(stage, stage.platform, found, reporter);
    this.#checkConstant(stage, found, reporter);
    const platform = parseLintPlatform(found.text);
    if (platform !== undefined) return platform;
    const [unset] = found.unsetNames;
    const suggestion = unset === undefined ? '' : didYouMean(unset, this.globalArgs.keys(), true);
    const message =
      found.text === ''
        ? `empty platform value from expression ${stage.platform}`
        : `failed to parse platform ${stage.platform}: ${quote(found.text)} is no platform`;
    throw dockerfileError('DOCKERFILE_SYNTAX', message + suggestion, stage.range, {
      hint: 'write --platform=os/architecture[/variant]',
    });
  }

  #expand(text: string, stage: Stage, reporter: Reporter): LexResult {
    const result = lexShell(text, this.globalArgs, { escape: this.escapeChar });
    for (const name of result.unsetNames) {
      if (this.declared.has(name) || this.globalArgs.has(name)) continue;
      const match = nearest(name, new Set([...this.declared, ...this.globalArgs.keys()]), true);
      const suggestion = match === undefined ? '' : ` (did you mean ${match}?)`;
      reporter.warn(
        'UndefinedArgInFrom',
        stage.range,
        `FROM argument '${name}' is not declared${suggestion}`,
      );
    }
    return result;
  }

  #checkRedundant(stage: Stage, written: string, found: LexResult, reporter: Reporter): void {
    if (found.unsetNames.size > 0 || found.usedNames.size !== 1 || !found.usedNames.has('TARGETPLATFORM'))
      return;
    if (found.text !== this.globalArgs.get('TARGETPLATFORM')) return;
    const message = `Setting platform to predefined ${written} in FROM is redundant as this is the default behavior`;
    reporter.warn('RedundantTargetPlatform', stage.range, message);
  }

  /** A stage that is named for its platform means to be constant. */
  #checkConstant(stage: Stage, found: LexResult, reporter: Reporter): void {
    if (found.usedNames.size > 0 || found.unsetNames.size > 0) return;
    const platform = parseLintPlatform(found.text);
    if (platform === undefined) return;
    const name = stage.name ?? '';
    if (name.includes(platform.os) || name.includes(platform.architecture)) return;
    const message = `FROM --platform flag should not use constant value ${quote(found.text)}`;
    reporter.warn('FromPlatformFlagConstDisallowed', stage.range, message);
  }
}
