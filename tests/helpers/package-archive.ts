import { existsSync, readdirSync, readFileSync } from "node:fs";
import { toArchive } from "../../src/bundler/package-archive.ts";
import type { Packages } from "../../src/bundler/prebundle.ts";

const ROOT = new URL("../../", import.meta.url);

/** Makes packages of texts: path below `node_modules` → text, bytes, or an object for JSON. */
export function packagesOf(
  files: Readonly<Record<string, string | Uint8Array | object>>,
  dependencies: Readonly<Record<string, string>>,
): Packages {
  const entries = Object.entries(files).map(([path, content]) => {
    const isPlain = typeof content === "string" || content instanceof Uint8Array;
    const whole = isPlain ? content : JSON.stringify(content);
    return [`node_modules/${path}`, Buffer.from(whole as string)] as const;
  });
  const archive = toArchive(new Map(entries));
  const lockHash = Buffer.from(archive).toString("base64url").slice(-40) + archive.length;
  return { archive, dependencies, lockHash };
}

/** Makes packages of those that are installed here, with all that they depend on. */
export function installedPackages(...names: string[]): Packages {
  const files = new Map<string, Uint8Array>();
  const known = new Set<string>();
  const walk = (path: string): void => {
    for (const entry of readdirSync(new URL(`${path}/`, ROOT), { withFileTypes: true })) {
      const each = `${path}/${entry.name}`;
      if (entry.isDirectory()) walk(each);
      else if (!/\.(?:d\.[cm]?ts|map|md)$/.test(each))
        files.set(each, readFileSync(new URL(each, ROOT)));
    }
  };
  const add = (name: string): void => {
    const path = `node_modules/${name}`;
    if (known.has(name) || !existsSync(new URL(path, ROOT))) return;
    known.add(name);
    walk(path);
    const manifest = JSON.parse(readFileSync(new URL(`${path}/package.json`, ROOT), "utf8"));
    for (const each of Object.keys({ ...manifest.dependencies, ...manifest.peerDependencies })) {
      add(each);
    }
  };
  for (const name of names) add(name);
  const dependencies = Object.fromEntries(names.map((name) => [name, "*"]));
  return { archive: toArchive(files), dependencies, lockHash: [...known].join() };
}
