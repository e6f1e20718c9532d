import { setTimeout as sleep } from 'node:timers/promises';
import { errorMessage, isShaleError, RegistryError } from '../util/errors.js';
import { isTransient } from './errors.js';
import type { OnRegistryEvent, RetryPolicy } from './types.js';

export const DEFAULT_RETRY: RetryPolicy = {
  attempts: 5,
  baseDelay: 500,
  maxDelay: 60_000,
  minRate: 1024,
  rateWindow: 60_000,
};

export interface RetryContext {
  policy: RetryPolicy;
  what: string;
  signal?: AbortSignal;
  onEvent?: OnRegistryEvent;
}

/** Milliseconds until try number `attempt` (2 is the first repetition): doubling, 50 to 100 % of it by chance. */
function backoff(policy: RetryPolicy, attempt: number): number {
  const full = Math.min(policy.baseDelay * 2 ** (attempt - 2), policy.maxDelay);
  return full * (0.5 + Math.random() / 2);
}

/**
 * Waits before another try.
 * @param attempt number of the coming try
 * @throws the error itself where the server asks for more patience than the policy has
 */
export async function waitToRetry(error: unknown, attempt: number, context: RetryContext): Promise<void> {
  const { policy, what, signal, onEvent } = context;
  const asked = isShaleError(error) ? error.detail.retryAfterMs : undefined;
  if (typeof asked === 'number' && asked > policy.maxDelay) throw tooLong(error, asked);
  const delay = Math.max(typeof asked === 'number' ? asked : 0, backoff(policy, attempt));
  onEvent?.({ kind: 'retry', what, reason: errorMessage(error), delay: Math.round(delay) });
  await sleep(delay, undefined, { signal }).catch(cause => {
    throw signal?.reason ?? cause;
  });
}

function tooLong(error: unknown, asked: number): RegistryError {
  const when = new Date(Math.min(Date.now() + asked, 8.64e15)).toISOString();
  return new RegistryError(
    'REGISTRY_RATE_LIMITED',
    `${errorMessage(error)}; it asks to come back at ${when}`,
    {
      hint: isShaleError(error) ? error.hint : undefined,
      detail: { retryAfterMs: asked },
      cause: error,
    },
  );
}

/** Runs until it succeeds, fails for good, or the tries are used up. */
export async function withRetry<T>(context: RetryContext, run: () => Promise<T>): Promise<T> {
  for (let attempt = 1; ; attempt++) {
    context.signal?.throwIfAborted();
    try {
      return await run();
    } catch (error) {
      if (!isTransient(error) || attempt >= context.policy.attempts) throw error;
      await waitToRetry(error, attempt + 1, context);
    }
  }
}
