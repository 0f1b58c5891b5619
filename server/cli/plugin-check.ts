import { type Finding, fail, ok } from "../../doctor/finding.ts";
import { messageOf } from "../../src/base/errors.ts";

const CHECK = "plugins";

/** Loads the plugins, and sets none up. Yields nothing without any. */
export async function* checkPlugins(sources: readonly string[]): AsyncGenerator<Finding> {
  if (sources.length === 0) return;
  try {
    const { loadPlugins } = await import("../plugins/load-plugins.ts");
    yield ok(CHECK, (await loadPlugins(sources)).shown);
  } catch (error) {
    yield fail(CHECK, messageOf(error), "docs/operate/plugins.md has what a module must export");
  }
}
