const CODES: Partial<Record<NodeJS.Signals, number>> = { SIGINT: 130, SIGTERM: 143, SIGHUP: 129 };
/** As a program that wrote to a closed pipe ends. */
const BROKEN_PIPE = 141;

export interface Interrupt {
  /** set by the first signal: work stops and cleans up */
  signal: AbortSignal;
  /** the exit code that a signal asks for, once there was one */
  code(): number | undefined;
  end(): void;
}

type Taker = (name: NodeJS.Signals) => void;

let taker: Taker | undefined;
let patient = false;
/** SIGINT and SIGTERM that it has taken. */
let taken = 0;
/** So many in all, and this process leaves, as docker's does. */
const MOST_TAKEN = 3;

/**
 * Ctrl-C once: stop and clean up. Twice: leave at once; what is left is taken up by the next run. So it is when the
 * reader of standard output goes (`shale diff box | head`).
 */
export function interruptible(): Interrupt {
  const controller = new AbortController();
  let received: number | undefined;
  const stop = (code: number, why: string): void => {
    if (received !== undefined) process.exit(code);
    received = code;
    controller.abort(new DOMException(`interrupted by ${why}`, 'AbortError'));
  };
  const onSignal = (name: NodeJS.Signals): void => {
    if (taker === undefined) stop(CODES[name] ?? 1, name);
    else take(name, taker);
  };
  const names = Object.keys(CODES) as NodeJS.Signals[];
  for (const name of names) process.on(name, onSignal);
  process.stdout.on('error', (error: { code?: string }) => {
    if (error.code !== 'EPIPE') throw error;
    stop(BROKEN_PIPE, error.code);
  });
  return {
    signal: controller.signal,
    code: () => received,
    end: () => {
      for (const name of names) process.off(name, onSignal);
    },
  };
}

/** Somebody who presses Ctrl-C again and again wants to get away from a container that does not listen. */
function take(name: NodeJS.Signals, give: Taker): void {
  if (!patient && name !== 'SIGHUP' && ++taken === MOST_TAKEN) {
    process.stderr.write('\ngot 3 SIGTERM/SIGINTs, forcefully exiting\n');
    process.exit(1);
  }
  give(name);
}

/** Others that a container may be waiting for. */
const FORWARDED: NodeJS.Signals[] = ['SIGQUIT', 'SIGUSR1', 'SIGUSR2'];

/**
 * Signals are somebody else's from now on.
 * @param options.patient however many they are: a shell gets a Ctrl-C for each line that somebody gives up
 * @returns what gives them back
 */
export function takeSignals(give: Taker, options: { patient?: boolean } = {}): () => void {
  taker = give;
  patient = options.patient === true;
  for (const name of FORWARDED) process.on(name, give);
  return () => {
    taker = undefined;
    for (const name of FORWARDED) process.off(name, give);
  };
}
