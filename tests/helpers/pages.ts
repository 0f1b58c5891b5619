import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

export const ROOT = fileURLToPath(new URL("../../", import.meta.url));

/** A page of the documentation. */
export interface Page {
  /** Path from the root of the project. */
  readonly path: string;
  readonly text: string;
}

export function pageAt(path: string): Page {
  return { path, text: readFileSync(join(ROOT, path), "utf8") };
}

/** Lists all pages below docs/, in order. Records of decisions are left out unless requested. */
export function docsPages({ records = false } = {}): Page[] {
  return readdirSync(join(ROOT, "docs"), { recursive: true, encoding: "utf8" })
    .filter((path) => path.endsWith(".md") && (records || !path.startsWith("adr/")))
    .sort()
    .map((path) => pageAt(`docs/${path}`));
}
