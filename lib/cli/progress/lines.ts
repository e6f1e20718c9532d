/** Cuts a byte stream into text lines; what stands after the last newline waits for the next piece. */
export class LineSplitter {
  #rest = '';
  readonly #decoder = new TextDecoder();

  push(data: Uint8Array): string[] {
    const lines = (this.#rest + this.#decoder.decode(data, { stream: true })).split('\n');
    this.#rest = lines.pop() ?? '';
    return lines.map(visible);
  }

  /** The unfinished last line, if any. */
  end(): string[] {
    const rest = this.#rest + this.#decoder.decode();
    this.#rest = '';
    return rest === '' ? [] : [visible(rest)];
  }
}

/** What a terminal would show of a line that carriage returns have overwritten. */
function visible(line: string): string {
  const text = line.endsWith('\r') ? line.slice(0, -1) : line;
  return text.slice(text.lastIndexOf('\r') + 1);
}

/** Control characters would let a container drive the terminal of whoever watches; tabs and colours stay. */
export function printable(line: string): string {
  return line.replace(/[\x00-\x08\x0b-\x1a\x1c-\x1f\x7f]|\x1b(?!\[[0-9;]*m)/g, '');
}

export function shortSeconds(seconds: number): string {
  return seconds < 60
    ? `${seconds.toFixed(1)}s`
    : `${Math.floor(seconds / 60)}m${String(Math.floor(seconds % 60)).padStart(2, '0')}s`;
}
