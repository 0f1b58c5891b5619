import { median, quantile } from "./stats.ts";

/** Unit of a row's values. A number of things has none. */
export type Unit = "ms" | "/s" | "MB" | "";

/** Goal of a row: for its own median, or for that median divided by the reference's. */
export interface Goal {
  readonly of: "value" | "ratio";
  readonly better: "lower" | "higher";
  readonly must: number;
  readonly aim?: number;
}

export interface Row {
  readonly work: string;
  readonly unit: Unit;
  readonly values: readonly number[];
  readonly reference?: Reference;
  /** Goal, or nothing for a row that only informs. */
  readonly goal?: Goal;
  /** Quantile that is judged. Default: the median. */
  readonly at?: number;
}

export interface Reference {
  readonly name: string;
  readonly values: readonly number[];
  /** Quantile to compare with. Default: the row's. */
  readonly at?: number;
}

const HEAD = ["work", "p50", "p95", "p99", "n", "reference", "ratio", "must", "aim"];

/** Fewer values than this have no useful 95th percentile. */
const ENOUGH_FOR_P95 = 5;
/** Fewer values than this have no useful 99th percentile. */
const ENOUGH_FOR_P99 = 50;

/** A row's figures, as a machine reads them. */
export interface Judged {
  readonly p50: number;
  readonly p95: number;
  readonly p99: number;
  /** Judged quantile, and that of the reference. */
  readonly value: number;
  readonly reference: number | undefined;
  readonly ratio: number | undefined;
  /** True if the goal is met. Nothing if the row has none, or a figure is missing. */
  readonly isMet: boolean | undefined;
  readonly reachesAim: boolean | undefined;
}

export function judge({ values, at = 0.5, reference, goal }: Row): Judged {
  const value = quantile(values, at);
  const compared = reference && quantile(reference.values, reference.at ?? at);
  const ratio = compared === undefined ? undefined : value / compared;
  const judged = goal?.of === "ratio" ? ratio : value;
  const meets = (bound: number | undefined): boolean | undefined => {
    if (bound === undefined || judged === undefined || Number.isNaN(judged)) return undefined;
    return goal?.better === "lower" ? judged <= bound : judged >= bound;
  };
  return {
    p50: median(values),
    p95: quantile(values, 0.95),
    p99: quantile(values, 0.99),
    value,
    reference: compared,
    ratio,
    isMet: meets(goal?.must),
    reachesAim: meets(goal?.aim),
  };
}

export function renderTable(rows: readonly Row[]): string {
  const lines = [HEAD, ...rows.map(cells)];
  const widths = HEAD.map((_, column) => Math.max(...lines.map((line) => width(line[column]))));
  const text = lines.map((line) =>
    line
      .map((cell, column) => cell + " ".repeat((widths[column] ?? 0) - width(cell)))
      .join(" | ")
      .trimEnd(),
  );
  text.splice(1, 0, widths.map((length) => "-".repeat(length)).join("-|-"));
  return text.join("\n");
}

function cells(row: Row): string[] {
  const { work, unit, values, reference, goal } = row;
  const { p50, p95, p99, reference: compared, ratio, isMet, reachesAim } = judge(row);
  return [
    work,
    quantity(p50, unit),
    values.length < ENOUGH_FOR_P95 ? "–" : quantity(p95, unit),
    values.length < ENOUGH_FOR_P99 ? "–" : quantity(p99, unit),
    String(values.length),
    reference === undefined || compared === undefined
      ? "–"
      : `${reference.name} ${quantity(compared, unit)} (n ${reference.values.length})`,
    ratio === undefined ? "–" : multiple(ratio),
    goal === undefined ? "–" : limit(goal, goal.must, unit, isMet),
    goal?.aim === undefined ? "–" : limit(goal, goal.aim, unit, reachesAim),
  ];
}

function limit({ of, better }: Goal, bound: number, unit: Unit, isMet?: boolean): string {
  const text = of === "ratio" ? `${bound}×` : `${bound} ${unit}`.trimEnd();
  const mark = isMet === undefined ? "?" : isMet ? "✓" : "✗";
  return `${better === "lower" ? "≤" : "≥"} ${text} ${mark}`;
}

function quantity(value: number, unit: Unit): string {
  if (Number.isNaN(value)) return "–";
  if (unit === "") return String(value);
  const digits = unit === "/s" || (unit === "ms" && Math.abs(value) < 1) ? 2 : 1;
  return `${value.toFixed(digits)} ${unit}`;
}

function multiple(ratio: number): string {
  return Number.isNaN(ratio) ? "–" : `${ratio.toFixed(ratio < 0.1 ? 4 : 2)}×`;
}

function width(cell: string | undefined): number {
  return cell?.length ?? 0;
}
