import { quantile } from "../format.ts";

/** Parts of an execution that charts show. */
export interface Point {
  readonly startedAt: string;
  readonly outcome: string;
  readonly duration: number;
  readonly cpu: number | null;
}

/** Values of a chart: times in seconds first, and then one list for each series. */
export type Series = [times: number[], ...values: (number | null)[][]];

const BARS = 30;

/** Counts executions by time: all, and those that went well. */
export function outcomes(points: readonly Point[]): Series {
  const times = points.map(secondsOf);
  const first = Math.min(...times);
  const step = Math.max(1, (Math.max(...times) - first) / BARS);
  const count = times.length === 0 ? 0 : BARS + 1;
  const all = new Array<number>(count).fill(0);
  const good = new Array<number>(count).fill(0);
  points.forEach(({ outcome }, index) => {
    const bar = Math.floor(((times[index] as number) - first) / step);
    all[bar] = (all[bar] as number) + 1;
    if (outcome === "ok") good[bar] = (good[bar] as number) + 1;
  });
  return [all.map((_, bar) => first + bar * step), all, good];
}

/** Lists a figure of each execution, the oldest first. */
export function figures(points: readonly Point[], figure: "duration" | "cpu"): Series {
  const sorted = [...points].sort((a, b) => secondsOf(a) - secondsOf(b));
  return [sorted.map(secondsOf), sorted.map((point) => point[figure])];
}

/** Says in words how many executions ended in which way, most frequent first. */
export function outcomesInWords(points: readonly Point[]): string {
  const counts = new Map<string, number>();
  for (const { outcome } of points) counts.set(outcome, (counts.get(outcome) ?? 0) + 1);
  const sorted = [...counts].sort(([, a], [, b]) => b - a);
  return sorted.map(([outcome, count]) => `${count} ${outcome}`).join(", ");
}

/** Returns median and 95th of 100 of a figure. */
export function spread(
  points: readonly Point[],
  figure: "duration" | "cpu",
): { readonly median: number; readonly high: number } {
  const values = points.flatMap((point) => point[figure] ?? []);
  return { median: quantile(values, 0.5), high: quantile(values, 0.95) };
}

function secondsOf({ startedAt }: Point): number {
  return Date.parse(startedAt) / 1_000;
}
