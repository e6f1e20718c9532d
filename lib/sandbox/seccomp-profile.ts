import { constants, release } from 'node:os';
import { UsageError } from '../util/errors.js';
import { emulatedRules } from './oci/seccomp.js';
import type {
  SeccompArgument,
  SeccompJson,
  SeccompJsonRule,
  SeccompRule,
  SeccompRules,
} from './seccomp-types.js';

const { EPERM } = constants.errno;
const MAX_BYTES = 1 << 20;
/** Go's names of Node's architectures. */
const ARCHES: Record<string, string> = { x64: 'amd64' };

/** The kernel's numbers, seccomp(2); `data` takes the errno or the tracer's number. */
const ACTIONS: Record<string, { value: number; data?: boolean }> = {
  SCMP_ACT_KILL: { value: 0 },
  SCMP_ACT_KILL_THREAD: { value: 0 },
  SCMP_ACT_KILL_PROCESS: { value: 0x80000000 },
  SCMP_ACT_TRAP: { value: 0x00030000 },
  SCMP_ACT_ERRNO: { value: 0x00050000, data: true },
  SCMP_ACT_TRACE: { value: 0x7ff00000, data: true },
  SCMP_ACT_LOG: { value: 0x7ffc0000 },
  SCMP_ACT_ALLOW: { value: 0x7fff0000 },
};
const OPERATORS = ['NE', 'LT', 'LE', 'EQ', 'GE', 'GT', 'MASKED_EQ'].map(name => `SCMP_CMP_${name}`);

function bad(why: string, hint?: string): UsageError {
  return new UsageError('USAGE_SECCOMP', `Decoding seccomp profile failed: ${why}`, { hint });
}

/**
 * Reads a profile in docker's form.
 *
 * @throws UsageError `USAGE_SECCOMP`
 * @see https://docs.docker.com/engine/security/seccomp/
 */
export function parseSeccomp(text: string): SeccompJson {
  if (text.length > MAX_BYTES) throw bad(`it has more than ${MAX_BYTES} bytes`);
  let profile: unknown;
  try {
    profile = JSON.parse(text);
  } catch (cause) {
    throw bad(cause instanceof Error ? cause.message : String(cause));
  }
  if (!isObject(profile) || typeof profile.defaultAction !== 'string') throw bad('it has no defaultAction');
  const { syscalls = [] } = profile;
  if (!Array.isArray(syscalls) || !syscalls.every(isRule)) throw bad('syscalls is not a list of rules');
  const checked = { ...profile, syscalls } as unknown as SeccompJson & { syscalls: SeccompJsonRule[] };
  for (const action of [checked.defaultAction, ...checked.syscalls.map(rule => rule.action)])
    actionValue(action);
  for (const { args } of checked.syscalls) for (const arg of args ?? []) checkArgument(arg);
  return checked;
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isRule(value: unknown): value is SeccompJsonRule {
  if (!isObject(value) || typeof value.action !== 'string') return false;
  const { names = [value.name] } = value;
  return Array.isArray(names) && names.every(name => typeof name === 'string' && name !== '');
}

function checkArgument(arg: unknown): void {
  const whole = (value: unknown): boolean => Number.isSafeInteger(value) && Number(value) >= 0;
  if (!isObject(arg) || !whole(arg.index) || Number(arg.index) > 5)
    throw bad('an argument has no index from 0 to 5');
  if (!whole(arg.value) || !whole(arg.valueTwo ?? 0)) throw bad('an argument has no value');
  if (!OPERATORS.includes(String(arg.op))) throw bad(`unknown operator ${String(arg.op)}`);
}

/** What the kernel calls an action. @throws UsageError `USAGE_SECCOMP` */
export function actionValue(action: string, errnoRet: number = EPERM): number {
  const known = ACTIONS[action];
  if (known !== undefined) return known.data ? known.value + (errnoRet & 0xffff) : known.value;
  const hint = action === 'SCMP_ACT_NOTIFY' ? 'nobody would be there to be notified' : undefined;
  throw bad(`action ${action} is not supported`, hint);
}

/**
 * What a container is confined by: rules, nothing, or (undefined) the default. With a single id the calls that
 * change owners seem to succeed whatever a profile says of them: nothing works without.
 *
 * @param capabilities without `CAP_`
 */
export function containerSeccomp(
  wanted: 'unconfined' | SeccompJson | undefined,
  capabilities: readonly string[],
  singleId: boolean,
): SeccompRules | 'none' | undefined {
  if (wanted === undefined) return undefined;
  if (wanted === 'unconfined' && !singleId) return 'none';
  const rules =
    wanted === 'unconfined'
      ? { defaultAction: 'SCMP_ACT_ALLOW', defaultErrnoRet: EPERM, syscalls: [] }
      : resolveSeccomp(wanted, capabilities);
  return singleId ? emulating(rules) : rules;
}

function emulating(rules: SeccompRules): SeccompRules {
  const own = emulatedRules();
  const taken = new Set(own.flatMap(rule => rule.names));
  const others = rules.syscalls.map(rule => ({
    ...rule,
    names: rule.names.filter(name => !taken.has(name)),
  }));
  return { ...rules, syscalls: [...others, ...own] };
}

/**
 * The rules of a profile for a container with these capabilities on this machine.
 * @param capabilities without `CAP_`
 */
export function resolveSeccomp(profile: SeccompJson, capabilities: readonly string[]): SeccompRules {
  const granted = new Set(capabilities.map(name => `CAP_${name}`));
  const syscalls = (profile.syscalls ?? [])
    .filter(rule => applies(rule, granted))
    .flatMap(({ name, names = name === undefined ? [] : [name], action, errnoRet, args }) =>
      separate(args ?? []).map(
        (some): SeccompRule => ({
          names,
          action,
          ...(errnoRet === undefined ? {} : { errnoRet }),
          ...(some.length === 0 ? {} : { args: some }),
        }),
      ),
    );
  return {
    defaultAction: profile.defaultAction,
    defaultErrnoRet: profile.defaultErrnoRet ?? EPERM,
    syscalls,
  };
}

/** Conditions on one argument are alternatives, as runc has it; on several they all must hold. */
function separate(args: SeccompArgument[]): SeccompArgument[][] {
  const repeats = new Set(args.map(arg => arg.index)).size < args.length;
  return repeats ? args.map(arg => [arg]) : [args];
}

function applies({ includes, excludes }: SeccompJsonRule, granted: ReadonlySet<string>): boolean {
  const { caps = [], arches = [], minKernel } = includes ?? {};
  const arch = ARCHES[process.arch] ?? process.arch;
  if (arches.length > 0 && !arches.includes(arch)) return false;
  if (!caps.every(name => granted.has(name))) return false;
  if (minKernel !== undefined && !isKernel(minKernel)) return false;
  const without = excludes ?? {};
  if ((without.arches ?? []).includes(arch)) return false;
  if ((without.caps ?? []).some(name => granted.has(name))) return false;
  return without.minKernel === undefined || !isKernel(without.minKernel);
}

/** Whether this machine's kernel is at least `MAJOR.MINOR`. */
function isKernel(version: string): boolean {
  const [major = 0, minor = 0] = version.split('.').map(Number);
  const [ownMajor = 0, ownMinor = 0] = release()
    .split('.')
    .map(part => Number.parseInt(part, 10));
  return ownMajor > major || (ownMajor === major && ownMinor >= minor);
}
