import { createRXA } from "../../src/resourcex/archive/archive.ts";
import { parseRXL } from "../../src/resourcex/data/locator.ts";
import { createRXM } from "../../src/resourcex/data/manifest.ts";
import type { RXR } from "../../src/resourcex/data/resource.ts";

/** Makes a resource with one file. */
export async function resource(locator: string, content = "Hello"): Promise<RXR> {
  const { domain = "localhost", path, name, type = "", version = "" } = parseRXL(locator);
  const manifest = createRXM({ domain, ...(path !== undefined && { path }), name, type, version });
  return {
    locator: parseRXL(manifest.toLocator()),
    manifest,
    archive: await createRXA({ content }),
  };
}
