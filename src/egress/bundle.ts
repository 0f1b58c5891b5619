import { fileURLToPath } from "node:url";
import { build, type Plugin } from "esbuild";

const SOURCE = fileURLToPath(new URL("../../egress/main.ts", import.meta.url));

/**
 * Bundles egress/ into one module for Deno, which knows the modules of Node it uses. `plugins` are
 * for tests that take one of its protections away.
 */
export async function bundleEgress(plugins: Plugin[] = []): Promise<string> {
  const { outputFiles } = await build({
    entryPoints: [SOURCE],
    bundle: true,
    format: "esm",
    platform: "node",
    target: "esnext",
    write: false,
    // What the database's client would look for in the environment is said to it.
    define: { "process.env": "{}" },
    external: ["pg-native"],
    plugins,
    // It is no ES module, and requires modules of Node.
    banner: { js: "const require = (name) => process.getBuiltinModule(name);" },
  });
  return outputFiles[0]?.text ?? "";
}
