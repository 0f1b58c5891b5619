/** Provokes the messages of modules that are no plugins. tests/e2e/plugins.test.ts has them from a server. */
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { loadPlugins } from "../../server/plugins/load-plugins.ts";

const loads = (text: string | undefined) => async (): Promise<string> => {
  const directory = await mkdtemp(join(tmpdir(), "isolate-plugin-"));
  const file = join(directory, "stamp.mjs");
  if (text !== undefined) await writeFile(file, text);
  try {
    await loadPlugins([file]);
    return "nothing";
  } catch (error) {
    return (error as Error).message;
  } finally {
    await rm(directory, { recursive: true });
  }
};

export const pluginFaults = [
  loads(undefined),
  loads("export const stamp = 1;"),
  loads("export default { setup() {} };"),
  loads('export default { name: "stamp" };'),
];
