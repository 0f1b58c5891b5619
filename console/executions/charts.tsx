import { useMemo } from "preact/hooks";
import type { Execution } from "../../src/client/client.ts";
import { milliseconds } from "../format.ts";
import { Chart } from "../parts/chart.tsx";
import { figures, outcomes, outcomesInWords, type Point, spread } from "./series.ts";

const STACK = ["--bad", "--good"];
const SINGLE = ["--accent"];

/** Charts of executions: how they ended, and what they took. */
export function Charts({ executions }: { readonly executions: readonly Execution[] }) {
  const data = useMemo(() => {
    const points = executions.map(
      ({ startedAt, outcome, duration, usage }): Point => ({
        ...{ startedAt, outcome, duration },
        cpu: usage?.cpu ?? null,
      }),
    );
    return {
      points,
      outcomes: outcomes(points),
      duration: figures(points, "duration"),
      cpu: figures(points, "cpu"),
    };
  }, [executions]);
  if (executions.length === 0) return null;
  const { points } = data;
  const inWords = (figure: "duration" | "cpu"): string => {
    const { median, high } = spread(points, figure);
    return `median ${milliseconds(median)}, 95 of 100 below ${milliseconds(high)}`;
  };
  return (
    <div class="charts">
      <Chart
        title="Outcomes"
        summary={outcomesInWords(points)}
        data={data.outcomes}
        colours={STACK}
        kind="bars"
      />
      <Chart
        title="Time, in ms"
        summary={inWords("duration")}
        data={data.duration}
        colours={SINGLE}
        kind="points"
      />
      <Chart
        title="Processor time, in ms"
        summary={inWords("cpu")}
        data={data.cpu}
        colours={SINGLE}
        kind="points"
      />
    </div>
  );
}
