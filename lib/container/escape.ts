/** Finds the keys that leave a container in what is typed, also when they come one by one. */
export class EscapeKeys {
  private matched = 0;

  /** @param keys at least one byte */
  constructor(private readonly keys: Buffer) {}

  /**
   * @returns what was typed for the container: keys that may begin the sequence are held back until the next one tells;
   *   `left` when the sequence is complete
   */
  take(data: Buffer): { typed: Buffer; left: boolean } {
    const typed: number[] = [];
    for (const byte of data) {
      if (byte !== this.keys[this.matched]) {
        typed.push(...this.keys.subarray(0, this.matched));
        this.matched = 0;
      }
      if (byte !== this.keys[this.matched]) typed.push(byte);
      else this.matched += 1;
      if (this.matched === this.keys.length) return { typed: Buffer.from(typed), left: true };
    }
    return { typed: Buffer.from(typed), left: false };
  }
}
