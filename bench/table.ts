import { median, quantile } from "./stats.ts";

export type Unit = "ms" | "/s" | "MB";

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
  readonly reference?: { readonly name: string; readonly values: readonly number[] };
  readonly goal: Goal;
  /** Quantile that is judged. Default: the median. */
  readonly at?: number;
}

const HEAD = ["work", "p50", "p95", "n", "reference", "ratio", "must", "aim"];

/** Fewer values than this have no useful 95th percentile. */
const ENOUGH_FOR_P95 = 5;

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

function cells({ work, unit, values, reference, goal, at = 0.5 }: Row): string[] {
  const p50 = median(values);
  const value = quantile(values, at);
  const ratio = reference && value / quantile(reference.values, at);
  const judged = goal.of === "ratio" ? (ratio ?? Number.NaN) : value;
  return [
    work,
    quantity(p50, unit),
    values.length < ENOUGH_FOR_P95 ? "–" : quantity(quantile(values, 0.95), unit),
    String(values.length),
    reference === undefined ? "–" : describe(reference, unit, at),
    ratio === undefined ? "–" : multiple(ratio),
    limit(goal, goal.must, unit, judged),
    goal.aim === undefined ? "–" : limit(goal, goal.aim, unit, judged),
  ];
}

function describe({ name, values }: NonNullable<Row["reference"]>, unit: Unit, at: number): string {
  return `${name} ${quantity(quantile(values, at), unit)} (n ${values.length})`;
}

function limit({ of, better }: Goal, bound: number, unit: Unit, judged: number): string {
  const met = better === "lower" ? judged <= bound : judged >= bound;
  const text = of === "ratio" ? `${bound}×` : `${bound} ${unit}`;
  return `${better === "lower" ? "≤" : "≥"} ${text} ${met ? "✓" : "✗"}`;
}

function quantity(value: number, unit: Unit): string {
  if (Number.isNaN(value)) return "–";
  const digits = unit === "/s" || (unit === "ms" && Math.abs(value) < 1) ? 2 : 1;
  return `${value.toFixed(digits)} ${unit}`;
}

function multiple(ratio: number): string {
  return Number.isNaN(ratio) ? "–" : `${ratio.toFixed(ratio < 0.1 ? 4 : 2)}×`;
}

function width(cell: string | undefined): number {
  return cell?.length ?? 0;
}
