import { SandboxError } from '../util/errors.js';
import type { RunnerReport } from './report.js';

const USERNS_HINTS: [when: (report: RunnerReport) => boolean, hint: string][] = [
  [
    report => report.error?.errno === 'ENOSPC',
    'user namespaces are switched off: sysctl -w user.max_user_namespaces=65536',
  ],
  [
    report => report.error?.code === 'USERNS_REFUSED',
    'user namespaces are forbidden: sysctl -w kernel.unprivileged_userns_clone=1, and on Ubuntu sysctl -w ' +
      'kernel.apparmor_restrict_unprivileged_userns=0; in a container: --security-opt seccomp=unconfined',
  ],
  [
    report => report.error?.code === 'USERNS_HELPER',
    'newuidmap and newgidmap refuse the ranges: see /etc/subuid and /etc/subgid, and apt-get install --reinstall uidmap',
  ],
  [
    report => report.error?.errno === 'EACCES',
    'the security policy forbids it; on Ubuntu: sysctl -w kernel.apparmor_restrict_unprivileged_userns=0',
  ],
];

/** @param ids how many were asked for. @returns SandboxError `SANDBOX_USERNS` */
export function namespaceError(report: RunnerReport, ids: number): SandboxError {
  const { code, errno, message } = report.error ?? {
    code: 'SANDBOX_RUNNER_DIED',
    message: 'no reason was given',
  };
  const hint = USERNS_HINTS.find(([when]) => when(report))?.[1];
  const detail = { runner: code, ids, ...(errno === undefined ? {} : { errno }) };
  return new SandboxError('SANDBOX_USERNS', `cannot enter a user namespace: ${message}`, { hint, detail });
}
