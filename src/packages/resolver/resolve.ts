import { z } from "zod";
import { RegistryFailed, RegistryUnavailable } from "../../base/errors.ts";
import { readProgram } from "../../base/programs.ts";
import { ConfinedFailure } from "../../confined-process/process.ts";
import { Builder } from "../builder/builder.ts";
import { TimeIsUp } from "../builder/deadline.ts";
import type { PackageLimits } from "../limits.ts";
import { refused } from "../refused.ts";
import { isTarballOf, tarballPath } from "../registry/address.ts";
import { Registries, type RegistrySet, strongHash } from "../registry/registries.ts";
import type { LockedPackage, PackageRequest } from "../types.ts";
import { type ClaimedPackage, resolverAnswer } from "./claims.ts";
import { Documents } from "./documents.ts";
import type { ResolverQuestion } from "./entry.ts";
import { faultError } from "./words.ts";

const PROCESS = { memory: 1_280, heap: 640, cpu: 60, bytes: 16_777_216, facts: 16_777_216 };
const DAY = 86_400_000;
const NOTHING = new Uint8Array();

export interface ResolveOptions {
  readonly request: PackageRequest;
  /** Days that a version must have been published. */
  readonly minimumAge: number;
  readonly registries: RegistrySet;
  readonly limits: PackageLimits;
  readonly owner: string;
  readonly signal: AbortSignal;
}

/** Chooses versions, in a process that gets the registry's documents and has no way to the registry. */
export async function resolvePackages(options: ResolveOptions): Promise<readonly LockedPackage[]> {
  const { request, minimumAge, registries: set, limits, owner, signal } = options;
  const registries = new Registries(set, limits, owner, signal);
  const documents = new Documents(registries);
  let builder: Builder | undefined;
  try {
    const script = await readProgram("confined/package-resolver");
    builder = await Builder.start(script, PROCESS, signal);
    const before = minimumAge > 0 ? Date.now() - minimumAge * DAY : Number.POSITIVE_INFINITY;
    return locked(
      await converse(builder, documents, { request, minimumAge, before }),
      options,
      before,
    );
  } catch (error) {
    if (error instanceof ConfinedFailure || error instanceof z.ZodError) {
      throw refused("They cannot be resolved within the limits of time and memory");
    }
    if (!(error instanceof TimeIsUp)) throw error;
    const seconds = `${limits.timeout / 1_000} s`;
    throw documents.isWaited
      ? new RegistryUnavailable(
          `The registry was too slow: they are not resolved within ${seconds}`,
        )
      : refused(`They cannot be resolved within ${seconds}`);
  } finally {
    builder?.end();
    registries.close();
  }
}

interface Asked extends Pick<ResolveOptions, "request" | "minimumAge"> {
  /** Time of the latest publication that may be chosen. */
  readonly before: number;
}

async function converse(
  builder: Builder,
  documents: Documents,
  { request, minimumAge, before }: Asked,
): Promise<readonly ClaimedPackage[]> {
  const { dependencies, overrides = {} } = request;
  const limit = minimumAge > 0 && { before: new Date(before).toISOString() };
  const task = { dependencies, overrides, ...limit };
  let question: ResolverQuestion = { task };
  let payload: Uint8Array = NOTHING;
  for (;;) {
    const reply = await builder.ask(question, payload);
    const { wanted, packages, fault } = resolverAnswer.parse(reply.answer);
    if (fault !== undefined) throw faultError(fault, minimumAge);
    if (packages !== undefined) return packages;
    for (const { registry, name } of wanted) documents.want(registry, name);
    const ready = await documents.take();
    question = { documents: ready.map(({ body, ...one }) => one) };
    payload = Buffer.concat(ready.map(({ body }) => body));
  }
}

/** Checks claims about packages. Tarballs are compared with the hashes when they are fetched. */
function locked(
  claims: readonly ClaimedPackage[],
  { limits, registries }: ResolveOptions,
  before: number,
): readonly LockedPackage[] {
  const { packages: most } = limits;
  if (claims.length > most)
    throw refused(`They need ${claims.length} packages; ${most} are the most`);
  const paths = new Set(claims.map(({ path }) => path));
  if (paths.size !== claims.length) throw new ConfinedFailure("Two packages have one place");
  return claims
    .map((claim) => lockedPackage(claim, registries, before))
    .sort((a, b) => (a.path < b.path ? -1 : 1));
}

function lockedPackage(
  { optional, ...claim }: ClaimedPackage,
  registries: RegistrySet,
  before: number,
): LockedPackage {
  const subject = JSON.stringify(`${claim.name}@${claim.version}`);
  const registry = registries[claim.registry];
  const tarball = registry && tarballPath(registry, claim.tarball);
  // Names of packages are what policies are about. So no other package's tarball passes for one.
  if (tarball === undefined || !isTarballOf(tarball, claim.name)) {
    throw new RegistryFailed(`The registry names no tarball of ${subject}`);
  }
  if (strongHash(claim.integrity) === undefined) {
    throw new RegistryFailed(`The registry has no SHA-512 hash of ${subject}`);
  }
  // Without times, npm's library would choose any version.
  if (before < Number.POSITIVE_INFINITY && !(Date.parse(claim.published ?? "") <= before)) {
    throw refused(`The registry does not tell that ${subject} is old enough for the policy`);
  }
  return { ...claim, tarball, ...(optional && { optional }) };
}
