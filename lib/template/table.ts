/** Blanks behind the longest cell of a column. */
const PADDING = 3;
const MIN_WIDTH = 10;

/**
 * Aligns lines whose cells are separated by tabs, as docker's tables are: a column is as wide as its longest cell and
 * three blanks, at least ten. What follows the last tab of a line belongs to no column.
 */
export function alignColumns(text: string): string {
  const lines = text.split('\n').map(line => line.split('\t'));
  const widths = lines.map(cells => new Array<number>(cells.length).fill(0));
  const columns = Math.max(0, ...lines.map(cells => cells.length - 1));
  for (let column = 0; column < columns; column++) {
    for (const block of blocksOf(lines, column)) {
      const cells = block.map(row => Array.from(lines[row]?.[column] ?? '').length);
      const width = Math.max(MIN_WIDTH, ...cells.map(length => length + PADDING));
      for (const row of block) (widths[row] ?? [])[column] = width;
    }
  }
  return lines
    .map((cells, row) =>
      cells
        .map((cell, column) => padded(cell, column < cells.length - 1 ? (widths[row]?.[column] ?? 0) : 0))
        .join(''),
    )
    .join('\n');
}

/** Runs of neighbouring lines that have a cell in this column. */
function blocksOf(lines: readonly string[][], column: number): number[][] {
  const blocks: number[][] = [[]];
  for (const [row, cells] of lines.entries()) {
    if (cells.length - 1 > column) blocks.at(-1)?.push(row);
    else if ((blocks.at(-1)?.length ?? 0) > 0) blocks.push([]);
  }
  return blocks.filter(block => block.length > 0);
}

function padded(cell: string, width: number): string {
  return cell + ' '.repeat(Math.max(0, width - Array.from(cell).length));
}
