import { expect, it } from "vitest";
import { figures, outcomes, outcomesInWords, spread } from "../../../console/executions/series.ts";
import { bytes, json, jsonField, milliseconds, quantile } from "../../../console/format.ts";
import { pools, samples } from "../../../console/operator/metrics.ts";
import { deploymentOf, granted, requestOf } from "../../../console/run/draft.ts";
import { EXAMPLES } from "../../../console/run/examples.ts";
import { executeRequest } from "../../../src/request/execute-request.ts";

it("figures have a unit", () => {
  expect([0, 1_023, 1_536, 5_368_709_120, 1e20].map(bytes)).toEqual([
    ...["0 B", "1023 B", "1.5 KiB", "5.0 GiB", "90949470 TiB"],
  ]);
  expect([0, 3.14, 999, 1_500, 61_500].map(milliseconds)).toEqual([
    ...["0 ms", "3.1 ms", "999 ms", "1.5 s", "1 min 2 s"],
  ]);
  expect([json(undefined), json("a"), quantile([], 0.5), quantile([3, 1, 2], 0.5)]).toEqual([
    ...["undefined", '"a"', 0, 2],
  ]);
});

it("what is typed becomes a request, without empty fields", () => {
  const draft = { code: "1", input: " ", permissions: "", dependencies: "", secrets: "" };
  expect(requestOf(draft)).toEqual({ code: "1" });
  const whole = { ...draft, input: "null", permissions: '{"net":["a.org"]}', secrets: "A, B" };
  expect(requestOf(whole)).toEqual({
    ...{ code: "1", input: null },
    ...{ permissions: { net: ["a.org"] }, secrets: ["A", "B"] },
  });
  expect(deploymentOf(whole)).not.toHaveProperty("input");
  expect(() => requestOf({ ...draft, input: "{" })).toThrow("Input is not JSON");
  expect(jsonField("Input", "")).toBeUndefined();
});

it.each(Object.entries(EXAMPLES))("the example %s is a valid request", (_, draft) => {
  expect(executeRequest.safeParse(requestOf(draft)).error).toBeUndefined();
});

it("a permission is added to those that are typed", () => {
  expect(granted("", { net: ["b.org:443"] })).toBe('{"net":["b.org:443"]}');
  expect(granted('{"net":["a.org"],"hrtime":true}', { net: ["a.org", "b.org"] })).toBe(
    '{"net":["a.org","b.org"],"hrtime":true}',
  );
  expect(() => granted('"none"', { net: ["a.org"] })).toThrow("no object");
});

it("executions become series by time, and words", () => {
  const points = [
    { startedAt: "2026-01-01T00:01:00Z", outcome: "ok", duration: 4, cpu: 2 },
    { startedAt: "2026-01-01T00:00:00Z", outcome: "timeout", duration: 9, cpu: null },
  ];
  const [times, all, good] = outcomes(points);
  const sum = (values: (number | null)[] = []) => values.reduce<number>((a, b) => a + (b ?? 0), 0);
  expect([times[0], sum(all), sum(good)]).toEqual([Date.parse("2026-01-01") / 1_000, 2, 1]);
  expect(figures(points, "cpu")[1]).toEqual([null, 2]);
  expect(outcomesInWords(points)).toBe("1 ok, 1 timeout");
  expect(spread(points, "duration")).toEqual({ median: 9, high: 9 });
  expect(outcomes([])).toEqual([[], [], []]);
});

it("the pool's state is read from metrics", () => {
  const text = `# HELP isolate_sandboxes Sandboxes
isolate_engine_up{level="container"} 1
isolate_waiting{level="container"} 3
isolate_sandboxes{level="container",state="warm"} 2
isolate_sandboxes{level="other",state="warm"} 9
nonsense`;
  expect(pools(samples(text))).toEqual([
    { level: "container", up: true, waiting: 3, states: { warm: 2 } },
  ]);
});
