import { join } from 'node:path';
import { writeFileAtomic } from '../util/atomic.js';
import type { RestartPolicy } from './options.js';

const POLICY = 'restart';

/**
 * Says what the monitor does when the container ends; it reads the file then (native/runner/restart.h). Nobody starts
 * containers when the machine does, so `unless-stopped` is `always`.
 *
 * @param policy undefined: the container stays down
 */
export async function writeRestartPolicy(
  directory: string,
  policy: RestartPolicy | undefined,
): Promise<void> {
  await writeFileAtomic(join(directory, POLICY), policyText(policy), { sync: false });
}

function policyText(policy: RestartPolicy | undefined): string {
  if (policy === undefined || policy.name === 'no') return 'no';
  if (policy.name !== 'on-failure') return 'always';
  return policy.retries ? `on-failure:${policy.retries}` : 'on-failure';
}
