/**
 * The Dockerfile language as pure functions: text to tree, tree to stages, words and instructions to their expansions.
 */
export { type ModeChange, parseChmod } from './chmod.js';
export { detectSyntax, type FoundDirective, findDirective } from './directives.js';
export { dumpTree } from './dump.js';
export { type DockerfileCode, errorRange } from './errors.js';
export { formatSourceError, sourceExcerpt } from './excerpt.js';
export { expandWord, expandWords, splitCommandLine } from './expand.js';
export { expandInstruction } from './expand-instruction.js';
export { heredocsOfLine, heredocText, parseHeredocWord } from './heredoc.js';
export { parseInstruction } from './instructions.js';
export { INSTRUCTION_NAMES, parseJsonArray, splitWords, takeFlags } from './line.js';
export { type LintBaseImage, type LintOptions, lint, throwOnViolation } from './lint/lint.js';
export { type CheckOptions, parseCheckOptions } from './lint/options.js';
export { formatLintJson, formatLintText, type LintResult, type LintWarning } from './lint/report.js';
export { type LintRule, RULES, type RuleName } from './lint/rules.js';
export { parseDevice, parseMount } from './mount.js';
export {
  listTargets,
  type Outline,
  type OutlineArg,
  type OutlineMount,
  outlineTarget,
  type Target,
} from './outline.js';
export { parse } from './parser.js';
export { type PortSpec, parsePortSpec, parsePorts } from './ports.js';
export { type RunCommand, runCommand } from './run-command.js';
export { reachableStages, sourcesOf, stageOfBase, stageOfFrom } from './stage-graph.js';
export { parseOnBuild, parseStages } from './stages.js';
export { didYouMean, nearest } from './suggest.js';
export type * from './types.js';
export { parseDuration, parseSize } from './units.js';
