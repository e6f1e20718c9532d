import { parsePorts } from '../dockerfile/index.js';
import type { HealthcheckInstruction, Instruction, KeyValue } from '../dockerfile/types.js';
import type { HealthConfig } from '../oci/types.js';
import { withVariable } from '../util/environment.js';
import { DockerfileError } from '../util/errors.js';
import { goDuration, goList, goQuoteList } from './gofmt.js';
import { configOf, type StageState, withConfig, withEnvironment, withHistory } from './state.js';

/** What docker with BuildKit writes as the comment of each history entry of its own; other tools look for it. */
export const HISTORY_COMMENT = 'buildkit.dockerfile.v0';

const DEFAULT_SHELL = ['/bin/sh', '-c'];

/** Instructions that change nothing but the config and the history. */
export type MetadataInstruction = Exclude<Instruction, { kind: 'RUN' | 'COPY' | 'ADD' | 'WORKDIR' | 'ARG' }>;

export function isMetadata(instruction: Instruction): instruction is MetadataInstruction {
  return !['RUN', 'COPY', 'ADD', 'WORKDIR', 'ARG'].includes(instruction.kind);
}

/** A command in shell form runs through the stage's shell. */
export function withShell(state: StageState, form: 'shell' | 'exec', command: readonly string[]): string[] {
  if (form === 'exec') return [...command];
  return [...shellOf(state), command.join(' ')];
}

/** What SHELL says, or the usual shell. */
export function shellOf(state: StageState): readonly string[] {
  return configOf(state).Shell ?? DEFAULT_SHELL;
}

/** History entry of a step that made no layer. */
export function recordMetadata(state: StageState, createdBy: string): StageState {
  return withHistory(state, { created_by: createdBy, comment: HISTORY_COMMENT, empty_layer: true });
}

/**
 * Applies an instruction whose variables are expanded.
 *
 * @throws DockerfileError `DOCKERFILE_INVALID_SIGNAL`, `DOCKERFILE_EMPTY_VOLUME`, `DOCKERFILE_INVALID_PORT`
 */
export function applyMetadata(state: StageState, instruction: MetadataInstruction): StageState {
  switch (instruction.kind) {
    case 'ENV':
      return recordMetadata(applyEnv(state, instruction.pairs), `ENV ${pairsText(instruction.pairs)}`);
    case 'LABEL': {
      const labels = { ...configOf(state).Labels };
      for (const { key, value } of instruction.pairs) setOwn(labels, key, value);
      return recordMetadata(withConfig(state, { Labels: labels }), `LABEL ${pairsText(instruction.pairs)}`);
    }
    case 'CMD': {
      const command = withShell(state, instruction.form, instruction.command);
      const next = withConfig({ ...state, ownCmd: true }, { Cmd: command, ArgsEscaped: true });
      return recordMetadata(next, `CMD ${goQuoteList(command)}`);
    }
    case 'ENTRYPOINT': {
      const command = withShell(state, instruction.form, instruction.command);
      const next = withConfig(
        state,
        state.ownCmd ? { Entrypoint: command } : { Entrypoint: command, Cmd: undefined },
      );
      return recordMetadata(next, `ENTRYPOINT ${goQuoteList(command)}`);
    }
    case 'USER':
      return recordMetadata(withConfig(state, { User: instruction.user }), `USER ${instruction.user}`);
    case 'EXPOSE':
      return applyExpose(state, instruction.ports);
    case 'VOLUME':
      return applyVolume(state, instruction.paths);
    case 'SHELL':
      return recordMetadata(
        withConfig(state, { Shell: instruction.shell }),
        `SHELL ${goList(instruction.shell)}`,
      );
    case 'STOPSIGNAL':
      return recordMetadata(
        withConfig(state, { StopSignal: checkedSignal(instruction.signal) }),
        `STOPSIGNAL ${instruction.signal}`,
      );
    case 'HEALTHCHECK':
      return applyHealthcheck(state, instruction);
    case 'ONBUILD': {
      const triggers = [...(configOf(state).OnBuild ?? []), instruction.expression];
      // docker keeps triggers out of the history
      return withConfig(state, { OnBuild: triggers });
    }
    case 'MAINTAINER': {
      const next = { ...state, image: { ...state.image, author: instruction.name } };
      return recordMetadata(next, `MAINTAINER ${instruction.name}`);
    }
  }
}

/** `__proto__` is a legal label; a plain assignment would make it the prototype. */
function setOwn(target: Record<string, unknown>, key: string, value: unknown): void {
  Object.defineProperty(target, key, { value, enumerable: true, configurable: true, writable: true });
}

function pairsText(pairs: readonly KeyValue[]): string {
  return pairs.map(({ key, value }) => `${key}=${value}`).join(' ');
}

function applyEnv(state: StageState, pairs: readonly KeyValue[]): StageState {
  let next = state;
  for (const { key, value } of pairs) {
    next = withConfig(next, { Env: withVariable(configOf(next).Env ?? [], key, value) });
    next = withEnvironment(next, key, value);
  }
  return next;
}

function applyExpose(state: StageState, words: readonly string[]): StageState {
  const ports = parsePorts(words);
  const exposed = { ...configOf(state).ExposedPorts };
  for (const port of ports) exposed[port] = {};
  return recordMetadata(withConfig(state, { ExposedPorts: exposed }), `EXPOSE ${goList(ports)}`);
}

function applyVolume(state: StageState, paths: readonly string[]): StageState {
  const volumes = { ...configOf(state).Volumes };
  for (const path of paths) {
    if (path === '')
      throw new DockerfileError('DOCKERFILE_EMPTY_VOLUME', 'VOLUME specified can not be an empty string');
    setOwn(volumes, path, {});
  }
  return recordMetadata(withConfig(state, { Volumes: volumes }), `VOLUME ${goList(paths)}`);
}

function applyHealthcheck(state: StageState, instruction: HealthcheckInstruction): StageState {
  const { test, interval = 0, timeout = 0, startPeriod = 0, startInterval = 0, retries = 0 } = instruction;
  const all = {
    Interval: interval,
    Timeout: timeout,
    StartPeriod: startPeriod,
    StartInterval: startInterval,
    Retries: retries,
  };
  const given = Object.fromEntries(Object.entries(all).filter(([, value]) => value !== 0));
  const health: HealthConfig = { Test: test, ...given };
  const times = `Interval:${goDuration(interval)} Timeout:${goDuration(timeout)} StartPeriod:${goDuration(startPeriod)} StartInterval:${goDuration(startInterval)}`;
  return recordMetadata(
    withConfig(state, { Healthcheck: health }),
    `HEALTHCHECK {Test:${goList(test)} ${times} Retries:${retries}}`,
  );
}

const SIGNALS = new Set(
  'ABRT ALRM BUS CHLD CLD CONT FPE HUP ILL INT IO IOT KILL PIPE POLL PROF PWR QUIT SEGV STKFLT STOP SYS TERM TRAP TSTP TTIN TTOU URG USR1 USR2 VTALRM WINCH XCPU XFSZ'.split(
    ' ',
  ),
);

/**
 * A name with or without `SIG`, in any case, `RTMIN+n`, or a number from 1 to 64, as docker's `signal.ParseSignal`.
 * @throws DockerfileError `DOCKERFILE_INVALID_SIGNAL`
 */
export function checkedSignal(text: string): string {
  const name = text.toUpperCase().replace(/^SIG/, '');
  const number = /^\d+$/.test(text) ? Number(text) : undefined;
  const known =
    number === undefined
      ? SIGNALS.has(name) || /^RTM(IN(\+([1-9]|1[0-5]))?|AX(-([1-9]|1[0-4]))?)$/.test(name)
      : number > 0 && number <= 64;
  if (!known) throw new DockerfileError('DOCKERFILE_INVALID_SIGNAL', `invalid signal: ${text}`);
  return text;
}
