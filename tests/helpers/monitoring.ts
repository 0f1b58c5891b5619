import { readFileSync } from "node:fs";
import { join } from "node:path";
import { parse } from "yaml";
import { ROOT } from "./pages.ts";

const read = (path: string): string => readFileSync(join(ROOT, "deploy", path), "utf8");

export interface Rule {
  readonly alert: string;
  readonly expr: string;
  readonly for?: string;
  readonly labels: { readonly severity: string };
  readonly annotations: { readonly summary: string };
}

export interface Panel {
  readonly id: number;
  readonly title: string;
  readonly gridPos: {
    readonly x: number;
    readonly y: number;
    readonly w: number;
    readonly h: number;
  };
  readonly targets: readonly { readonly expr: string; readonly legendFormat: string }[];
}

/** Reads the alerts in deploy/prometheus. */
export function alertRules(): Rule[] {
  const { groups } = parse(read("prometheus/isolate.rules.yml")) as { groups: { rules: Rule[] }[] };
  return groups.flatMap(({ rules }) => rules);
}

/** Reads the panels of the board in deploy/grafana. */
export function boardPanels(): Panel[] {
  return (JSON.parse(read("grafana/isolate.json")) as { panels: Panel[] }).panels;
}

/** Lists all expressions, with Grafana's variables replaced as it does. */
export function expressions(): string[] {
  const panels = boardPanels().flatMap(({ targets }) => targets.map(({ expr }) => expr));
  const filled = panels.map((expr) => expr.replaceAll("$__rate_interval", "1m"));
  return [...alertRules().map(({ expr }) => expr), ...filled];
}
