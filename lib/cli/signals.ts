const CODES: Partial<Record<NodeJS.Signals, number>> = { SIGINT: 130, SIGTERM: 143, SIGHUP: 129 };

export interface Interrupt {
  /** set by the first signal: work stops and cleans up */
  signal: AbortSignal;
  /** the exit code that a signal asks for, once there was one */
  code(): number | undefined;
  end(): void;
}

/** Ctrl-C once: stop and clean up. Twice: leave at once; what is left is taken up by the next run. */
export function interruptible(): Interrupt {
  const controller = new AbortController();
  let received: number | undefined;
  const onSignal = (name: NodeJS.Signals): void => {
    const code = CODES[name] ?? 1;
    if (received !== undefined) process.exit(code);
    received = code;
    controller.abort(new DOMException(`interrupted by ${name}`, 'AbortError'));
  };
  const names = Object.keys(CODES) as NodeJS.Signals[];
  for (const name of names) process.on(name, onSignal);
  return {
    signal: controller.signal,
    code: () => received,
    end: () => {
      for (const name of names) process.off(name, onSignal);
    },
  };
}
