import { basename, join } from "node:path";
import { fileURLToPath } from "node:url";
import { type BuildOptions, build, type Plugin } from "esbuild";
import { externalBuiltins } from "../tools/build-options.ts";
import { DRIZZLE_MODULES } from "../tools/database/specifiers.ts";

const ROOT = fileURLToPath(new URL("../../", import.meta.url));

/** Directory in the runner's that holds the database tool and Drizzle. */
const DATABASE_DIRECTORY = "database";

/** File in the runner's directory that leads user code's imports to Drizzle. */
export const IMPORT_MAP = "import-map.json";

/**
 * The database tool and the modules of Drizzle that code may import, as files that share their
 * parts: there is one copy of everything, whoever imports it.
 */
export async function bundleDatabase(): Promise<Readonly<Record<string, string>>> {
  const names = DRIZZLE_MODULES.map((specifier) => [fileOf(specifier), specifier]);
  const { outputFiles } = await build({
    ...DATABASE_BUILD,
    absWorkingDir: ROOT,
    entryPoints: { tool: DATABASE_SOURCE, ...Object.fromEntries(names) },
    outdir: "/",
    // No password and no TLS on a unix socket: a fifth of the time it takes to load.
    plugins: [without("tls", "crypto"), ...DATABASE_BUILD.plugins],
    splitting: true,
    format: "esm",
  });
  const files = outputFiles.map(({ path, text }) => [`${DATABASE_DIRECTORY}${path}`, text]);
  const imports = DRIZZLE_MODULES.map((specifier) => {
    return [specifier, `./${DATABASE_DIRECTORY}/${fileOf(specifier)}.js`];
  });
  const map = { imports: Object.fromEntries(imports) };
  return { ...Object.fromEntries(files), [IMPORT_MAP]: JSON.stringify(map) };
}

/** Has modules of the runtime's be empty, which cost more to load than all of the driver. */
function without(...names: string[]): Plugin {
  return {
    name: "without",
    setup({ onResolve, onLoad }) {
      const filter = new RegExp(`^(${names.join("|")})$`);
      onResolve({ filter }, ({ path }) => ({ path, namespace: "nothing" }));
      onLoad({ filter, namespace: "nothing" }, () => ({ contents: "export default {};" }));
    },
  };
}

function fileOf(specifier: string): string {
  return basename(specifier);
}

export const DATABASE_SOURCE = join(ROOT, "runner-image/database/tool.ts");

/** How the tool is bundled, for whichever place. */
export const DATABASE_BUILD = {
  bundle: true,
  minify: true,
  platform: "neutral" as const,
  target: "esnext",
  mainFields: ["module", "main"],
  conditions: ["module"],
  write: false as const,
  legalComments: "none" as const,
  // A sandbox may read no variable, and the driver asks for some.
  define: { "process.env": "NO_VARIABLES" },
  banner: { js: "const NO_VARIABLES = {};" },
  // The driver would read files of queries, and ask who runs it.
  plugins: [without("fs", "os"), externalBuiltins],
} satisfies BuildOptions;
