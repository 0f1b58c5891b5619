/** Characters of a name that is compared. Longer ones are no slips of a known name. */
const LONGEST = 40;

/**
 * Returns a question for an unknown name, if a known one differs by a slip. The more letters the name
 * has, the more may differ, three at most. Otherwise returns no text.
 *
 * @example
 * didYouMean("permisions", ["input", "permissions"]) // '; did you mean "permissions"?'
 */
export function didYouMean(given: string, known: readonly string[]): string {
  const nearest = nearestOf(given, known);
  return nearest === undefined ? "" : `; did you mean "${nearest}"?`;
}

/** Returns the known name that an unknown one differs from by a slip, or is the same as. */
export function nearestOf(given: string, known: readonly string[]): string | undefined {
  if (given.length > LONGEST) return undefined;
  const asked = given.toLowerCase();
  let nearest: string | undefined;
  let least = Math.min(3, Math.floor((given.length + 1) / 3)) + 1;
  for (const name of known) {
    if (Math.abs(name.length - asked.length) >= least) continue;
    const distance = distanceOf(asked, name.toLowerCase());
    if (distance >= least) continue;
    least = distance;
    nearest = name;
  }
  return nearest;
}

/** Counts the letters to insert, remove, replace, or swap with their neighbour. */
function distanceOf(from: string, to: string): number {
  let before: number[] = [];
  let row = Array.from({ length: to.length + 1 }, (_, column) => column);
  for (let i = 1; i <= from.length; i += 1) {
    const next = [i];
    for (let j = 1; j <= to.length; j += 1) {
      const differs = from[i - 1] === to[j - 1] ? 0 : 1;
      let cost = Math.min(at(row, j) + 1, at(next, j - 1) + 1, at(row, j - 1) + differs);
      const isSwap = from[i - 1] === to[j - 2] && from[i - 2] === to[j - 1];
      if (i > 1 && j > 1 && isSwap) cost = Math.min(cost, at(before, j - 2) + 1);
      next.push(cost);
    }
    before = row;
    row = next;
  }
  return at(row, to.length);
}

const at = (row: readonly number[], index: number): number => row[index] ?? 0;
