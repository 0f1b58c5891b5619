/** Forms of the unpacker's answers. They are claims of a process that has unpacked hostile bytes. */
import { z } from "zod";

const MAX_FILES = 50_000;
const count = z.int().min(0);

/** Tells whether a path stays below its directory, whatever reads it. */
function staysBelow(path: string): boolean {
  return (
    path.split("/").every((name) => name !== "" && name !== "." && name !== "..") &&
    !/[\\\0]/.test(path)
  );
}

export const unpackerAnswer = z.union([
  z.object({ fault: z.string().max(1_000) }),
  z.object({ native: z.literal(true) }),
  z.object({
    paths: z.array(z.string().max(1_024).refine(staysBelow)).max(MAX_FILES),
    sizes: z.array(count).max(MAX_FILES),
    unpacked: count,
    count,
  }),
]);

const text = z.string().max(1_000);

/** A known vulnerability of a version in a lock. */
export const advisory = z.object({
  name: z.string().max(214),
  version: z.string().max(256),
  severity: z.enum(["info", "low", "moderate", "high", "critical"]).catch("info"),
  title: text,
  url: z
    .url({ protocol: /^https?$/ })
    .max(1_000)
    .catch(""),
  range: text,
});

export const advisoryAnswer = z.object({ advisories: z.array(advisory).max(200) });
