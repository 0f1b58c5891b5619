/** Bytes of one buffer that several views show. */
export interface SharedBytes {
  readonly buffer: ArrayBufferLike;
  readonly start: number;
  readonly end: number;
}

/**
 * Collects which bytes the views of a value show. Small buffers of Node have one memory, so only
 * views that overlap count as sharing.
 */
export class ViewedBytes {
  readonly #ranges = new Map<ArrayBufferLike, SharedBytes[]>();

  add(buffer: ArrayBufferLike, start: number, end: number): void {
    const ranges = this.#ranges.get(buffer) ?? [];
    ranges.push({ buffer, start, end });
    this.#ranges.set(buffer, ranges);
  }

  /** Returns the parts of a buffer in which views overlap. */
  shared(): ReadonlyMap<ArrayBufferLike, readonly SharedBytes[]> {
    const shared = new Map<ArrayBufferLike, SharedBytes[]>();
    for (const [buffer, ranges] of this.#ranges) {
      const parts = overlapping(ranges);
      if (parts.length > 0) shared.set(buffer, parts);
    }
    return shared;
  }
}

function overlapping(ranges: readonly SharedBytes[]): SharedBytes[] {
  const merged: { buffer: ArrayBufferLike; start: number; end: number; views: number }[] = [];
  for (const range of ranges.toSorted((one, other) => one.start - other.start)) {
    const last = merged.at(-1);
    const isApart = last === undefined || range.start >= last.end;
    // Numbers of 8 bytes need a place that is a multiple of it, in the copy as well.
    if (isApart) merged.push({ ...range, start: range.start - (range.start % 8), views: 1 });
    else {
      last.end = Math.max(last.end, range.end);
      last.views += 1;
    }
  }
  return merged.filter(({ views }) => views > 1);
}
