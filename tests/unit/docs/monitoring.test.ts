/** Tests the alerts and the board in deploy/ against the metrics that a server has. */
import { collectDefaultMetrics } from "prom-client";
import { afterAll, describe, expect, it } from "vitest";
import { addGauges } from "../../../server/gauges.ts";
import { Metrics } from "../../../server/metrics/metrics.ts";
import { alertRules, boardPanels, expressions } from "../../helpers/monitoring.ts";
import { pageAt } from "../../helpers/pages.ts";
import { readsOf } from "../../helpers/promql.ts";

interface Declared {
  readonly name: string;
  readonly labelNames: readonly string[];
}

const metrics = new Metrics();
// Sources are read when somebody asks for values.
addGauges(metrics, {} as Parameters<typeof addGauges>[1]);
collectDefaultMetrics({ register: metrics.registry });
afterAll(() => metrics.registry.clear());
const declared = new Map(
  (metrics.registry.getMetricsAsArray() as unknown as Declared[]).map(({ name, labelNames }) => [
    name,
    labelNames,
  ]),
);

/** Lists the names and labels in an expression that no server has. */
function unknownIn(expression: string): string[] {
  return readsOf(expression).flatMap(({ metric, labels }) => {
    if (metric === "up") return [];
    const known = declared.get(metric) ?? declared.get(metric.replace(/_(bucket|sum|count)$/, ""));
    if (known === undefined) return [metric];
    return labels.filter((label) => !known.includes(label)).map((label) => `${metric}{${label}}`);
  });
}

it.each(expressions())("reads what there is: %s", (expression) => {
  expect(unknownIn(expression)).toEqual([]);
});

describe("a fault is noticed", () => {
  it.each([
    ["sum(rate(isolate_waiting[5m])", /Bad at/],
    ["isolate_waiting > > 1", /Bad at/],
    ['isolate_waiting{level=isolated"}', /Bad at/],
  ])("in the form of %s", (expression, message) => {
    expect(() => readsOf(expression)).toThrow(message);
  });

  it.each([
    ["isolate_none > 1", ["isolate_none"]],
    ['isolate_waiting{tenant="a"}', ["isolate_waiting{tenant}"]],
    ["sum by (route) (isolate_waiting)", ["isolate_waiting{route}"]],
    ["isolate_http_answer_seconds_bucket", []],
    ['up{job="isolate"} == 0', []],
  ])("in the names of %s", (expression, unknown) => {
    expect(unknownIn(expression)).toEqual(unknown);
  });
});

describe("the alerts", () => {
  const rules = alertRules();

  it("have names of their own, a severity, a reason, and labels that their expressions leave", () => {
    expect(new Set(rules.map(({ alert }) => alert)).size).toBe(rules.length);
    for (const { alert, expr, labels, annotations, for: time = "0m" } of rules) {
      expect(alert).toMatch(/^Isolate[A-Z]\w+$/);
      expect(labels.severity).toMatch(/^(critical|warning)$/);
      expect(time).toMatch(/^\d+[mh]$/);
      const shown = [...annotations.summary.matchAll(/\$labels\.(\w+)/g)].map(([, name]) => name);
      expect(shown).toContain("instance");
      const grouped = /\bby \(([^)]*)\)/.exec(expr)?.[1]?.split(", ");
      for (const name of shown) {
        const [first] = readsOf(expr);
        const left = grouped ?? ["instance", ...(declared.get(first?.metric ?? "") ?? [])];
        expect([alert, left]).toEqual([alert, expect.arrayContaining([name])]);
      }
    }
  });

  it("are those that the page on metrics names", () => {
    const { text } = pageAt("docs/operate/observability.md");
    const named = [...text.matchAll(/^\| `(Isolate\w+)`/gm)].map(([, name]) => name);
    expect(named).toEqual(rules.map(({ alert }) => alert));
  });
});

it("the board's panels have ids, titles and places of their own", () => {
  const panels = boardPanels();
  expect(new Set(panels.map(({ id }) => id)).size).toBe(panels.length);
  expect(new Set(panels.map(({ title }) => title)).size).toBe(panels.length);
  const taken = panels.flatMap(({ gridPos: { x, y, w, h } }) => {
    expect(x + w).toBeLessThanOrEqual(24);
    return Array.from({ length: w * h }, (_, n) => `${x + (n % w)} ${y + Math.floor(n / w)}`);
  });
  expect(new Set(taken).size).toBe(taken.length);
});
