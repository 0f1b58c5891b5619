/** Tests the table of a request's fields against the schema of requests. */
import { describe, expect, it } from "vitest";
import { z } from "zod";
import { executeRequest } from "../../../src/request/execute-request.ts";
import { pageAt } from "../../helpers/pages.ts";

const { text } = pageAt("docs/api/execute.md");
const [, section = ""] = text.split("\n## Request\n");
const table = section.split("\nA field that is not in this table")[0] ?? "";
/** Field → default, from the table. */
const documented = new Map(
  [...table.matchAll(/^\| `(\w+)` \| .+? \| (.+?) \|/gm)].map(([, name = "", value = ""]) => [
    name,
    value,
  ]),
);

describe("the fields of a request", () => {
  it("are all in the table, and no others but the route's own", () => {
    expect([...documented.keys()].sort()).toEqual(
      [...Object.keys(executeRequest.shape), "callback"].sort(),
    );
  });

  it("have their defaults there", () => {
    const fields = Object.entries(executeRequest.shape);
    const defaults = fields.flatMap(([name, field]) =>
      field instanceof z.ZodDefault
        ? [[name, `\`${JSON.stringify(field.def.defaultValue)}\``] as const]
        : [],
    );
    expect(defaults.length).toBeGreaterThan(3);
    for (const [name, value] of defaults)
      expect([name, documented.get(name)]).toEqual([name, value]);
  });
});
