import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { HealthConfig } from '../oci/types.js';
import type { HealthTimes } from '../sandbox/monitor.js';
import type { ContainerRecord } from './record.js';

/** docker's `State.Health`; the monitor writes it (native/runner/health.c). */
export interface Health {
  Status: 'starting' | 'healthy' | 'unhealthy';
  FailingStreak: number;
  /** the last five */
  Log: { Start: string; End: string; ExitCode: number; Output: string }[];
}

/** What the image says, and over it what the container was given. */
export function healthConfigOf({ config, options }: ContainerRecord): HealthConfig | undefined {
  const image = config.config?.Healthcheck;
  return image === undefined && options.health === undefined ? undefined : { ...image, ...options.health };
}

/** The program of a container's check, or undefined when it has none. */
export function probeOf(record: ContainerRecord): string[] | undefined {
  const [kind, ...words] = healthConfigOf(record)?.Test ?? [];
  if (kind === 'CMD' && words.length > 0) return words;
  if (kind !== 'CMD-SHELL') return undefined;
  const shell = record.config.config?.Shell ?? ['/bin/sh', '-c'];
  return [...shell, words[0] ?? ''];
}

const NS_PER_MS = 1e6;

/** docker's defaults for what is not said. */
export function healthTimes(record: ContainerRecord): HealthTimes {
  const { Interval, Timeout, StartPeriod, StartInterval, Retries } = healthConfigOf(record) ?? {};
  const ms = (nanoseconds: number | undefined, other: number): number =>
    nanoseconds ? Math.max(1, Math.round(nanoseconds / NS_PER_MS)) : other;
  return {
    interval: ms(Interval, 30_000),
    timeout: ms(Timeout, 30_000),
    startPeriod: ms(StartPeriod, 0),
    startInterval: ms(StartInterval, 5000),
    retries: Retries || 3,
  };
}

/** What came of a container's checks; undefined when it has none, or was never started. */
export async function readHealth(directory: string, record: ContainerRecord): Promise<Health | undefined> {
  if (probeOf(record) === undefined) return undefined;
  try {
    return JSON.parse(await readFile(join(directory, 'health.json'), 'utf8')) as Health;
  } catch {
    return undefined;
  }
}
