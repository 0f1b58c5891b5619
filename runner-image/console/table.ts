import {
  isArray,
  keysOf,
  mapEntries,
  mapGet,
  mapSet,
  mapSize,
  NativeMap,
  nextOfMap,
  nextOfSet,
  setSize,
  setValues,
  typedArrayName,
} from "../base/primordials.ts";
import type { NativeText } from "./native.ts";
import type { ConsoleText } from "./text.ts";
import { costOf, ownValue, sizeOf } from "./walk.ts";

const MOST_ROWS = 1_000;
const MOST_CELLS = 10_000;
const MOST_COLUMNS = 100;
/** Characters of a whole table. Each cell is as wide as the widest of its column. */
const MOST_TABLE_TEXT = 1_000_000;

/** Makes a table. Data that is too large for one gets the text that `console.dir` makes of it. */
export function boundedTable(
  data: unknown,
  columns: unknown,
  native: NativeText,
  text: ConsoleText,
): string {
  if (typeof data !== "object" || data === null) return text.join([data]);
  const fits = new TableSize(native).allows(data) && !isLong(columns, native);
  return fits ? native.table(data, columns) : text.inspect(data);
}

/** Tells whether a list of columns is too long, or may be: a proxy can say what it likes. */
function isLong(columns: unknown, native: NativeText): boolean {
  if (typeof columns !== "object" || columns === null) return false;
  if (native.isProxy(columns)) return true;
  return isArray(columns) && columns.length > MOST_COLUMNS;
}

class TableSize {
  readonly #native: NativeText;
  readonly #widths = new NativeMap<unknown, number>();
  #rows = 0;
  #width = 0;

  constructor(native: NativeText) {
    this.#native = native;
  }

  /** Tells whether a table of the data is within the bounds. Runs no code of the data. */
  allows(data: object): boolean {
    if (this.#native.isProxy(data)) return false;
    if (isArray(data)) return this.#hasRows(data.length, (i) => ownValue(data, i));
    if (typedArrayName(data) !== undefined) {
      return (ownLength(data) ?? Infinity) <= MOST_ROWS;
    }
    const ofMap = sizeOf(mapSize, data);
    if (ofMap >= 0) {
      const entries = mapEntries(data as Map<unknown, unknown>);
      return this.#hasRows(ofMap, () => {
        const entry = nextOfMap(entries).value;
        return { key: entry[0], value: entry[1] };
      });
    }
    const ofSet = sizeOf(setSize, data);
    if (ofSet >= 0) {
      const items = setValues(data as Set<unknown>);
      return this.#hasRows(ofSet, () => nextOfSet(items).value);
    }
    if (this.#native.isBoxed(data)) return false;
    const keys = keysOf(data);
    return this.#hasRows(keys.length, (i) => ownValue(data, keys[i] as string));
  }

  #hasRows(count: number, rowAt: (index: number) => unknown): boolean {
    if (count > MOST_ROWS) return false;
    this.#rows = count;
    for (let i = 0; i < count; i += 1) {
      if (!this.#hasRow(rowAt(i))) return false;
    }
    return true;
  }

  #hasRow(row: unknown): boolean {
    if (typeof row !== "object" || row === null || this.#native.isProxy(row)) {
      return this.#hasCell("", row);
    }
    if (typedArrayName(row) !== undefined || this.#native.isBoxed(row)) {
      return (ownLength(row) ?? Infinity) <= MOST_CELLS && this.#hasCell("", row);
    }
    if (isArray(row) && row.length > MOST_CELLS) return false;
    const keys = keysOf(row);
    if (keys.length > MOST_CELLS) return false;
    for (let i = 0; i < keys.length; i += 1) {
      const key = keys[i] as string;
      if (!this.#hasCell(key, ownValue(row, key))) return false;
    }
    return true;
  }

  #hasCell(column: string, value: unknown): boolean {
    const width = costOf(value, 1, this.#native) + column.length;
    const before = mapGet(this.#widths, column) ?? 0;
    if (width > before) {
      this.#width += width - before;
      mapSet(this.#widths, column, width);
    }
    return (
      this.#rows * mapSize(this.#widths) <= MOST_CELLS &&
      this.#rows * this.#width <= MOST_TABLE_TEXT
    );
  }
}

function ownLength(data: object): number | undefined {
  const { length } = data as { length?: unknown };
  return typeof length === "number" ? length : undefined;
}
