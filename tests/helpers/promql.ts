import { parser } from "@prometheus-io/lezer-promql";

/** A metric that an expression names, with the labels that it matches or groups by. */
export interface Read {
  readonly metric: string;
  readonly labels: readonly string[];
}

/** Labels that Prometheus adds by itself, and the bounds of histograms. */
const ADDED: readonly string[] = ["instance", "job", "le"];

/**
 * Parses an expression for Prometheus.
 *
 * @throws {Error} With the place, for a bad one.
 */
export function readsOf(expression: string): Read[] {
  const reads: { metric: string; labels: string[] }[] = [];
  const groups: string[] = [];
  parser.parse(expression).iterate({
    enter: ({ type, from, to, node }) => {
      const text = expression.slice(from, to);
      if (type.isError) throw new Error(`Bad at ${from}: ${expression}`);
      if (type.name === "VectorSelector") {
        const name = node.getChild("Identifier");
        if (name === null) throw new Error(`Without a metric: ${text}`);
        reads.push({ metric: expression.slice(name.from, name.to), labels: [] });
      }
      if (type.name !== "LabelName" || ADDED.includes(text)) return;
      const isGroup = node.parent?.name === "GroupingLabels";
      (isGroup ? groups : (reads.at(-1)?.labels ?? [])).push(text);
    },
  });
  return reads.map(({ metric, labels }) => ({ metric, labels: [...labels, ...groups] }));
}
