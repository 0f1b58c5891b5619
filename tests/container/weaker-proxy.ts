import { readFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import type { Plugin } from "esbuild";
import { buildEgress, onlyFile } from "../../scripts/build/programs.ts";

/** Change of the proxy's source that removes a protection. The file is named from the root. */
interface Edit {
  readonly file: string;
  readonly from: string;
  readonly to: string;
}

const ROOT = new URL("../../", import.meta.url);

/** Protections of the proxy, each with the edits that remove it and keep all others. */
export const WEAKNESSES = {
  /** Every host is granted, on every port. */
  "open allowlist": [
    {
      file: "src/destinations/allowlist.ts",
      from: "const text = formatHost(host);",
      to: 'return "allowed"; const text = formatHost(host);',
    },
  ],
  /** A granted host is granted on every port. */
  "ports ignored": [
    { file: "src/destinations/allowlist.ts", from: "ports.includes(port)", to: "true" },
  ],
  /** An IPv6 address that carries an IPv4 one is granted like any other. */
  "mapped granted": [
    {
      file: "src/destinations/host-entry.ts",
      from: 'return address.startsWith("::ffff:");',
      to: "return false;",
    },
  ],
  /** Every address counts as public. */
  "no classifier": [
    {
      file: "src/destinations/address-class.ts",
      from: "const address = parseAddress(text);",
      to: 'return "public"; const address = parseAddress(text);',
    },
  ],
  /** Hosts are repaired before the check as browsers do. They lose zones and final dots. */
  "repairing parser": [
    {
      file: "src/destinations/host.ts",
      from: "export function parseAuthority(text: string, defaultPort?: number): Destination {",
      to: `export function parseAuthority(text: string, defaultPort?: number): Destination {
        const written = Buffer.from(text, "latin1").toString().replace(/%\\w+\\]/, "]");
        const repaired = new URL("http://" + written);
        text = repaired.hostname.replace(/\\.$/, "") + ":" + (repaired.port || 80);`,
    },
    { file: "egress/head.ts", from: "([\\x21-\\x7e]+) HTTP", to: "([\\x21-\\xff]+) HTTP" },
  ],
  /** The check uses a name's address, but the dial uses the name. */
  "resolving again": [
    {
      file: "src/destinations/admit.ts",
      from: "return new CheckedAddress(ip, destination.port);",
      to: `const { host } = destination;
        return new CheckedAddress(host.kind === "name" ? host.name : ip, destination.port);`,
    },
  ],
} satisfies Record<string, readonly Edit[]>;

export type Weakness = keyof typeof WEAKNESSES;

/** Bundles egress/ without the named protections. */
export async function bundleWeaker(weaknesses: readonly Weakness[]): Promise<string> {
  const edits = weaknesses.flatMap((weakness) => WEAKNESSES[weakness]);
  return onlyFile(await buildEgress([editing(edits)]));
}

function editing(edits: readonly Edit[]): Plugin {
  return {
    name: "editing",
    setup({ onLoad }) {
      onLoad({ filter: /\/(?:egress|destinations)\/[\w-]+\.ts$/ }, async ({ path }) => {
        let contents = await readFile(path, "utf8");
        for (const { file, from, to } of edits) {
          if (path !== fileURLToPath(new URL(file, ROOT))) continue;
          // A stale edit would weaken nothing and prove nothing.
          if (contents.split(from).length !== 2) throw new Error(`${file} has not once: ${from}`);
          contents = contents.replace(from, () => to);
        }
        return { contents, loader: "ts" };
      });
    },
  };
}
