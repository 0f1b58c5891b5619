/** Publishes the installed packages in a registry, without what no program reads. */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import type { PublishedPackage } from "../../dev/npm-registry/packages.ts";
import type { TestRegistry } from "../../dev/npm-registry/server.ts";
import { FOLDER } from "./reference.ts";

/** Types, maps and pages are most of the bytes, and a function gets none of them. */
const UNREAD = /\.(d\.[cm]?ts|[cm]?ts|map|md|flow|html|png)$|^(test|tests|docs)\//;

/** Publishes packages with all that they depend on. */
export function publishPackages(registry: TestRegistry, names: readonly string[]): void {
  const found = new Set<string>();
  const visit = (from: string, name: string): void => {
    const directory = installedAt(from, name);
    if (directory === undefined || found.has(directory)) return;
    found.add(directory);
    const { dependencies, peerDependencies } = manifestOf(directory);
    for (const needed of Object.keys({ ...dependencies, ...peerDependencies })) {
      visit(directory, needed);
    }
  };
  for (const name of names) visit(FOLDER, name);
  for (const directory of found) registry.publish(packageAt(directory));
}

function installedAt(from: string, name: string): string | undefined {
  for (let above = from; above.startsWith(FOLDER); above = dirname(above)) {
    const directory = join(above, "node_modules", name);
    if (existsSync(join(directory, "package.json"))) return directory;
  }
  const top = join(FOLDER, "node_modules", name);
  return existsSync(join(top, "package.json")) ? top : undefined;
}

function manifestOf(directory: string): Record<string, object> {
  return JSON.parse(readFileSync(join(directory, "package.json"), "utf8"));
}

/** Reads a package. Asynchronous reads of thousands of small files would take three times the processor time. */
function packageAt(directory: string): PublishedPackage {
  const manifest = manifestOf(directory);
  const entries = readdirSync(directory, { recursive: true, withFileTypes: true });
  const paths = entries
    .filter((entry) => entry.isFile())
    .map((entry) => relative(directory, join(entry.parentPath, entry.name)))
    .filter((path) => !path.split("/").includes("node_modules") && !UNREAD.test(path));
  const files = paths.map((path) => [path, readFileSync(join(directory, path))] as const);
  const { name, version } = manifest as unknown as { name: string; version: string };
  return { name, version, manifest, files: Object.fromEntries(files) };
}
