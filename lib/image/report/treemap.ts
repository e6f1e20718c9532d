export interface Box {
  x: number;
  y: number;
  width: number;
  height: number;
}

/**
 * Divides a box among weights so that the parts are as square as may be (squarified treemap: Bruls, Huizing, van Wijk,
 * 2000).
 *
 * @param weights positive, the largest first
 * @returns a box for each weight, in the same order
 */
export function squarify(weights: readonly number[], box: Box): Box[] {
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  const scale = total > 0 ? (box.width * box.height) / total : 0;
  const areas = weights.map(weight => weight * scale);
  const boxes: Box[] = [];
  let rest = box;
  for (let from = 0; from < areas.length; ) {
    const side = Math.min(rest.width, rest.height);
    let to = from + 1;
    while (to < areas.length && worst(areas.slice(from, to + 1), side) <= worst(areas.slice(from, to), side))
      to++;
    const row = areas.slice(from, to);
    boxes.push(...layRow(row, rest));
    rest = cut(rest, row);
    from = to;
  }
  return boxes;
}

/** The worst aspect ratio of a row along a side. */
function worst(row: readonly number[], side: number): number {
  const sum = row.reduce((total, area) => total + area, 0);
  const [largest = 0, smallest = 0] = [Math.max(...row), Math.min(...row)];
  if (sum === 0 || side === 0 || smallest === 0) return Number.POSITIVE_INFINITY;
  return Math.max((side * side * largest) / (sum * sum), (sum * sum) / (side * side * smallest));
}

function thickness(row: readonly number[], { width, height }: Box): number {
  const sum = row.reduce((total, area) => total + area, 0);
  const side = Math.min(width, height);
  return side === 0 ? 0 : sum / side;
}

function layRow(row: readonly number[], box: Box): Box[] {
  const thick = thickness(row, box);
  let at = 0;
  return row.map(area => {
    const length = thick === 0 ? 0 : area / thick;
    const along = at;
    at += length;
    return box.width >= box.height
      ? { x: box.x, y: box.y + along, width: thick, height: length }
      : { x: box.x + along, y: box.y, width: length, height: thick };
  });
}

function cut(box: Box, row: readonly number[]): Box {
  const thick = thickness(row, box);
  return box.width >= box.height
    ? { ...box, x: box.x + thick, width: Math.max(0, box.width - thick) }
    : { ...box, y: box.y + thick, height: Math.max(0, box.height - thick) };
}
