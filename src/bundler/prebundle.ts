import { createHash } from "node:crypto";
import {
  compilePackages,
  type PackagesFault,
  type PrebundleFacts,
  prebundleFacts,
} from "./package-compiler.ts";
import type { Need } from "./package-needs.ts";
import { MemoryPrebundleCache, type PrebundleCache } from "./prebundle-cache.ts";

/** Packages of a function, unpacked. */
export interface Packages {
  /** Files (src/bundler/package-archive.ts), or a function for them: a cached bundle needs none. */
  readonly archive: Uint8Array | (() => Promise<Uint8Array>);
  /** Name → range, as in the lock. */
  readonly dependencies: Readonly<Record<string, string>>;
  /** Hash of the lock. */
  readonly lockHash: string;
  /** Default: one in memory that all share. */
  readonly cache?: PrebundleCache | undefined;
}

/** Bundled packages. */
export interface Prebundle {
  readonly facts: PrebundleFacts;
  readonly code: string;
  readonly map: string;
}

/** Version of what is cached. Another one is another key. */
const FORM = 2;
const MAX_FACTS = 524_288;

const shared = new MemoryPrebundleCache();
const running = new WeakMap<PrebundleCache, Map<string, Promise<Prebundle | PackagesFault>>>();

interface PrebundleRequest {
  readonly needs: readonly Need[];
  readonly maxBytes: number;
  readonly tenant: string;
}

/** Bundles what is needed of packages, or takes it from the cache. The same is not bundled twice at a time. */
export async function prebundle(
  packages: Packages,
  { needs, maxBytes, tenant }: PrebundleRequest,
): Promise<Prebundle | PackagesFault> {
  // Written differently, as `npm:zod@4` and `zod`, it is the same module.
  const input = needs.map((need) => ({ ...need, written: need.specifier }));
  const key = createHash("sha256")
    .update(JSON.stringify([FORM, packages.lockHash, input]))
    .digest("hex");
  const { cache = shared } = packages;
  const others = running.get(cache) ?? new Map<string, Promise<Prebundle | PackagesFault>>();
  running.set(cache, others);
  // The bound is no part of what is kept, but of who may have it.
  const name = `${key} ${maxBytes}`;
  for (let other = others.get(name); other !== undefined; other = others.get(name)) {
    try {
      return await other;
    } catch {
      // A failure is of the one that met it, such as its abort.
    }
  }
  const made = make({ ...packages, cache }, key, { needs: input, maxBytes, tenant });
  const forget = () => void others.delete(name);
  others.set(name, made);
  made.then(forget, forget);
  return made;
}

async function make(
  { archive, lockHash, cache }: Packages & { readonly cache: PrebundleCache },
  key: string,
  { needs, maxBytes, tenant }: PrebundleRequest,
): Promise<Prebundle | PackagesFault> {
  const cached = await cache.get(key);
  const found = cached && read(Buffer.from(cached.buffer, cached.byteOffset, cached.length));
  if (found) return found;
  const bytes = typeof archive === "function" ? await archive() : archive;
  const made = await compilePackages(
    { tenant, lock: lockHash },
    { needs, maxBytes, archive: bytes },
  );
  if ("fault" in made) return made;
  const facts = Buffer.from(JSON.stringify(made.facts));
  const length = Buffer.alloc(4);
  length.writeUInt32BE(facts.length);
  const whole = Buffer.concat([length, facts, made.bytes]);
  await cache.set(key, whole);
  return read(whole) ?? { fault: "The packages' bundle cannot be read" };
}

/** Reads cached bytes. Returns nothing if they are not whole. */
function read(bytes: Buffer): Prebundle | undefined {
  if (bytes.length < 4) return undefined;
  const from = 4 + bytes.readUInt32BE(0);
  if (from > bytes.length || from > MAX_FACTS) return undefined;
  try {
    const facts = prebundleFacts.parse(JSON.parse(bytes.toString("utf8", 4, from)));
    const end = from + facts.codeBytes;
    if (end > bytes.length) return undefined;
    return { facts, code: bytes.toString("utf8", from, end), map: bytes.toString("utf8", end) };
  } catch {
    return undefined;
  }
}
