import Arborist from "@npmcli/arborist";
import type { NamedOverrides } from "../../request/package-fields.ts";
import { PROJECT, setManifest } from "./memory-files.ts";
import { REGISTRIES, type RegistryName } from "./packuments.ts";
import { specsOf } from "./specs.ts";

/** Version of Node whose packages are chosen: Deno follows it. */
const NODE_VERSION = "24.0.0";

export interface ResolveTask {
  readonly dependencies: Readonly<Record<string, string>>;
  readonly overrides: NamedOverrides;
  /** Time in ISO 8601. Later versions are not chosen. */
  readonly before?: string | undefined;
}

/** A package as it is answered. Everything in it is checked by the control plane. */
export interface ResolvedPackage {
  readonly name: string;
  readonly version: string;
  readonly path: string;
  readonly registry: RegistryName;
  readonly tarball: string;
  readonly integrity: string;
  readonly optional: boolean;
  readonly unpackedBytes?: unknown;
  readonly license?: unknown;
  readonly published?: unknown;
  readonly deprecated?: unknown;
}

interface TreeNode {
  readonly packageName: string;
  readonly version: string;
  readonly location: string;
  readonly resolved: string | null;
  readonly integrity: string | null;
  readonly isRoot: boolean;
  readonly inert: boolean;
  readonly optional: boolean;
  readonly package: {
    readonly _time?: string;
    readonly license?: unknown;
    readonly deprecated?: unknown;
    readonly dist?: { readonly unpackedSize?: unknown };
  };
}

/** Chooses versions by npm's own library. Nothing is installed. */
export async function resolveTree(task: ResolveTask): Promise<readonly ResolvedPackage[]> {
  setManifest(JSON.stringify({ name: "project", version: "1.0.0", ...specsOf(task) }));
  const options = {
    path: PROJECT,
    cache: PROJECT,
    registry: REGISTRIES.npm,
    "@jsr:registry": REGISTRIES.jsr,
    ...(task.before !== undefined && { before: new Date(task.before) }),
    allowGit: "none",
    allowRemote: "none",
    allowFile: "none",
    allowDirectory: "none",
    packageLock: false,
    ignoreScripts: true,
    audit: false,
    nodeVersion: NODE_VERSION,
    // Leaves optional packages for one kind of processor out. Those in WebAssembly stay.
    os: "linux",
    cpu: "wasm32",
    libc: "glibc",
  };
  const tree = await new Arborist(options as never).buildIdealTree({} as never);
  const nodes = [...tree.inventory.values()] as unknown as readonly TreeNode[];
  return nodes.filter(({ isRoot, inert }) => !isRoot && !inert).map(resolvedPackage);
}

function resolvedPackage(node: TreeNode): ResolvedPackage {
  const { packageName, version, location, resolved, integrity, optional } = node;
  const { _time, license, deprecated, dist } = node.package;
  return {
    name: packageName,
    version,
    path: location,
    registry: packageName.startsWith("@jsr/") ? "jsr" : "npm",
    tarball: resolved ?? "",
    integrity: integrity ?? "",
    optional,
    unpackedBytes: dist?.unpackedSize,
    license:
      typeof license === "object" && license !== null
        ? (license as { type?: unknown }).type
        : license,
    published: _time,
    deprecated: typeof deprecated === "string" ? deprecated.slice(0, 1_000) : undefined,
  };
}
