/** Tests the client with nothing but `fetch`: it uses schemas as types only. */
import { join } from "node:path";
import { build } from "esbuild";
import { expect, it } from "vitest";
import { ROOT } from "../../../helpers/pages.ts";

it("brings no schema along, and nothing of Node", async () => {
  const { metafile } = await build({
    absWorkingDir: ROOT,
    entryPoints: [join(ROOT, "src/client/client.ts")],
    bundle: true,
    format: "esm",
    platform: "browser",
    metafile: true,
    write: false,
  });
  const inputs = Object.keys(metafile.inputs);
  expect(inputs).toContain("src/client/transport.ts");
  const others = inputs.filter(
    (path) =>
      !path.startsWith("src/client/") && !path.startsWith("node_modules/eventsource-parser/"),
  );
  expect(others).toEqual([]);
});
