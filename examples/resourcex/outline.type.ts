import type { TypeSource } from "isolate/resourcex";
import { z } from "zod";

/** Checked here as well as by the schema, which only says so much. */
const Args = z.object({ depth: z.int().min(1).max(6).default(6) });

/** The headings of all files: a type with packages from npm, whose code runs in a process of its own. */
export default {
  name: "outline",
  aliases: ["toc"],
  description: "The headings of a folder of Markdown",
  sandbox: "isolated",
  schema: { type: "object", properties: { depth: { type: "integer" } } },
  async resolve({ archive }, args) {
    const { depth } = Args.parse(args ?? {});
    const heading = new RegExp(`^#{1,${depth}} (.*)$`, "gm");
    const headings = new Map<string, string[]>();
    for (const [path, content] of await (await archive.extract()).files()) {
      headings.set(
        path,
        [...content.toString().matchAll(heading)].map(([, title = ""]) => title),
      );
    }
    return headings;
  },
} satisfies TypeSource<{ depth?: number } | undefined, Map<string, string[]>>;
