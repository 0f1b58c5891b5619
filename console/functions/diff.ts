/** A line of a difference: kept, added or removed. */
export interface Line {
  readonly kind: " " | "+" | "-";
  readonly text: string;
}

/** Most cells of the table that finds common lines. Beyond it, the middle is shown as replaced. */
const MOST_CELLS = 4_000_000;

/**
 * Compares two texts line by line.
 *
 * @example
 * diff("a\nb", "a\nc") // [{kind: " ", text: "a"}, {kind: "-", text: "b"}, {kind: "+", text: "c"}]
 */
export function diff(before: string, after: string): Line[] {
  const old = before.split("\n");
  const young = after.split("\n");
  let start = 0;
  while (start < Math.min(old.length, young.length) && old[start] === young[start]) start += 1;
  let end = 0;
  const most = Math.min(old.length, young.length) - start;
  while (end < most && old[old.length - 1 - end] === young[young.length - 1 - end]) end += 1;
  return [
    ...old.slice(0, start).map((text) => ({ kind: " ", text }) as const),
    ...middle(old.slice(start, old.length - end), young.slice(start, young.length - end)),
    ...old.slice(old.length - end).map((text) => ({ kind: " ", text }) as const),
  ];
}

function middle(old: readonly string[], young: readonly string[]): Line[] {
  const width = young.length + 1;
  const isLarge = (old.length + 1) * width > MOST_CELLS;
  // Holds for each pair of places how many lines after them are common.
  const common = isLarge ? undefined : new Uint32Array((old.length + 1) * width);
  const at = (i: number, j: number): number => common?.[i * width + j] ?? 0;
  if (common !== undefined) {
    for (let i = old.length - 1; i >= 0; i -= 1) {
      for (let j = young.length - 1; j >= 0; j -= 1) {
        const longer = Math.max(at(i + 1, j), at(i, j + 1));
        common[i * width + j] = old[i] === young[j] ? at(i + 1, j + 1) + 1 : longer;
      }
    }
  }
  const lines: Line[] = [];
  let i = 0;
  let j = 0;
  while (i < old.length || j < young.length) {
    const text = old[i];
    if (i < old.length && j < young.length && text === young[j] && !isLarge) {
      lines.push({ kind: " ", text: text as string });
      i += 1;
      j += 1;
    } else if (i < old.length && (j === young.length || at(i + 1, j) >= at(i, j + 1))) {
      lines.push({ kind: "-", text: text as string });
      i += 1;
    } else {
      lines.push({ kind: "+", text: young[j] as string });
      j += 1;
    }
  }
  return lines;
}

/** Compares the files of two versions. Returns those that differ. */
export function changedFiles(
  before: Readonly<Record<string, string>>,
  after: Readonly<Record<string, string>>,
): { readonly path: string; readonly lines: Line[] }[] {
  const paths = [...new Set([...Object.keys(before), ...Object.keys(after)])].sort();
  return paths
    .filter((path) => before[path] !== after[path])
    .map((path) => ({ path, lines: diff(before[path] ?? "", after[path] ?? "") }));
}
