import { fileURLToPath } from "node:url";
import { bundleResourceTypes } from "../../src/resourcex/types/bundle-type.ts";

const TYPES = fileURLToPath(new URL("../../src/resourcex/types/builtin/", import.meta.url));

/** Returns the text of src/resourcex/types/builtin-bundles.ts. */
export async function builtinBundles(): Promise<string> {
  const types = await bundleResourceTypes(["text.ts", "json.ts", "binary.ts"], TYPES);
  const bundles = types.map((type) => {
    const lines = Object.entries(type).map(([name, value]) => `${name}: ${literal(value)},`);
    return `  {\n    ${lines.join("\n    ")}\n  },`;
  });
  return [
    "/** Made of types/ by `npm run build`. */",
    'import type { BundledType } from "./type.ts";',
    "",
    "/** `text`, `json` and `binary`, which every registry knows. */",
    "export const builtinTypes: readonly BundledType[] = [",
    ...bundles,
    "];",
    "",
  ].join("\n");
}

function literal(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(literal).join(", ")}]`;
  const text = String(value);
  if (!text.includes("\n")) return JSON.stringify(text);
  // Keeps line breaks, so that a changed line of a type is a changed line here.
  return `\`${text.replace(/[\\`]|\$\{/g, "\\$&")}\``;
}
