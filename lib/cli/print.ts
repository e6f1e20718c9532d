/** Writes to standard output. @returns the exit code of a command that has nothing more to do */
export function print(text: string): number {
  process.stdout.write(text);
  return 0;
}
