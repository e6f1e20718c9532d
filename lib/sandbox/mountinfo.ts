import { readFile } from 'node:fs/promises';

/**
 * Whether something is mounted at `path`, as a process sees it.
 * @param pid of a process that is the caller's, else nothing is
 */
export async function isMounted(path: string, pid: string = 'self'): Promise<boolean> {
  const mounts = await readFile(`/proc/${pid}/mountinfo`, 'utf8').catch(() => '');
  // proc_pid_mountinfo(5) escapes blanks and backslashes in octal
  const escaped = path.replace(/[ \t\n\\]/g, char => `\\${char.charCodeAt(0).toString(8).padStart(3, '0')}`);
  return mounts.includes(` ${escaped} `);
}
