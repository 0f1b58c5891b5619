import { describe, expect, it } from "vitest";
import { judge, type Row, renderTable } from "../../../bench/table.ts";

const row = (more: Partial<Row>): Row => ({ work: "work", unit: "ms", values: [1, 2, 3], ...more });

describe("a row of the bench", () => {
  it("is judged by its median beside that of its reference", () => {
    const goal = { of: "ratio", better: "lower", must: 1, aim: 0.4 } as const;
    const judged = judge(row({ reference: { name: "other", values: [4, 4, 4] }, goal }));
    expect(judged).toMatchObject({ value: 2, reference: 4, ratio: 0.5, isMet: true });
    expect(judged.reachesAim).toBe(false);
  });

  it("is judged by another quantile than its reference, if it says so", () => {
    const reference = { name: "their median", values: [1, 2, 3], at: 0.5 };
    const goal = { of: "ratio", better: "lower", must: 1.4 } as const;
    expect(judge(row({ at: 1, reference, goal }))).toMatchObject({ ratio: 1.5, isMet: false });
  });

  it("meets no goal where a figure is missing", () => {
    const goal = { of: "ratio", better: "higher", must: 1 } as const;
    expect(judge(row({ goal })).isMet).toBeUndefined();
    expect(judge(row({ values: [Number.NaN], goal: { ...goal, of: "value" } })).isMet).toBe(
      undefined,
    );
  });

  it("says in the table that it is met, is not, or cannot be known", () => {
    const goal = (must: number) => ({ of: "value", better: "lower", must }) as const;
    const [, , met = "", missed = "", unknown = "", informs = ""] = renderTable([
      row({ goal: goal(2) }),
      row({ goal: goal(1) }),
      row({ values: [], goal: goal(1) }),
      row({}),
    ]).split("\n");
    expect(met).toContain("≤ 2 ms ✓");
    expect(missed).toContain("≤ 1 ms ✗");
    expect(unknown).toContain("≤ 1 ms ?");
    expect(informs).not.toMatch(/[≤≥]/);
  });
});
