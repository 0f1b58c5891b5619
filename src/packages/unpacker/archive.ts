import { z } from "zod";
import { RegistryFailed, RegistryUnavailable } from "../../base/errors.ts";
import { readProgram } from "../../base/programs.ts";
import { toArchive } from "../../bundler/package-archive.ts";
import { ConfinedFailure } from "../../confined-process/process.ts";
import { Builder } from "../builder/builder.ts";
import { TimeIsUp } from "../builder/deadline.ts";
import { mebibytes, type PackageLimits } from "../limits.ts";
import { nativeRefusal, refused } from "../refused.ts";
import { Registries, type RegistrySet } from "../registry/registries.ts";
import type { Lock, LockedPackage } from "../types.ts";
import { unpackerAnswer } from "./claims.ts";

/** Tarballs that are fetched before they are needed. */
const AHEAD = 4;

export interface ArchiveOptions {
  readonly lock: Lock;
  readonly registries: RegistrySet;
  readonly limits: PackageLimits;
  readonly owner: string;
  readonly signal: AbortSignal;
}

/**
 * Fetches and unpacks all packages of a lock, and joins their files. Only tarballs with the lock's hashes get to the
 * process that unpacks them, which gets nothing else. So everybody with this lock would make the same archive.
 */
export async function makeArchive(options: ArchiveOptions): Promise<Uint8Array> {
  const { lock, registries: set, limits, owner, signal } = options;
  const registries = new Registries(set, limits, owner, signal);
  const files = new Files(limits);
  let builder: Builder | undefined;
  let subject = "";
  try {
    const tarballs = fetchAhead(lock.packages, (one) => registries.tarball(one));
    const script = await readProgram("confined/package-unpacker");
    builder = await Builder.start(script, processLimits(limits), signal);
    for await (const [one, tarball] of tarballs) {
      subject = JSON.stringify(`${one.name}@${one.version}`);
      const reply = await builder.ask({ unpack: files.left }, tarball);
      files.add(one, subject, reply.answer, reply.payload);
    }
    return toArchive(files.all);
  } catch (error) {
    if (error instanceof ConfinedFailure || error instanceof z.ZodError) {
      throw refused(`${subject} cannot be unpacked within the limits of time and memory`);
    }
    if (!(error instanceof TimeIsUp)) throw error;
    const seconds = `${limits.timeout / 1_000} s`;
    throw new RegistryUnavailable(`The packages are not fetched within ${seconds}`);
  } finally {
    builder?.end();
    registries.close();
  }
}

function processLimits({ unpackedBytes, archiveBytes }: PackageLimits) {
  const megabytes = Math.ceil((3 * unpackedBytes) / 1_048_576);
  const bytes = archiveBytes + FACTS;
  return { memory: megabytes + 256, cpu: 60, bytes, facts: FACTS, timeout: UNPACKED_WITHIN };
}

/** Milliseconds for one tarball, because headers can be made that take long to read. */
const UNPACKED_WITHIN = 10_000;
const FACTS = 16_777_216;

/** Yields the packages with their tarballs, in order. Some are fetched ahead. */
async function* fetchAhead(
  packages: readonly LockedPackage[],
  fetch: (one: LockedPackage) => Promise<Buffer>,
): AsyncGenerator<[LockedPackage, Buffer]> {
  const started = new Map<number, Promise<Buffer>>();
  const start = (at: number): void => {
    const one = packages[at];
    if (one === undefined) return;
    const fetching = fetch(one);
    // Reported when its turn comes, or not at all if another one fails before.
    fetching.catch(() => {});
    started.set(at, fetching);
  };
  for (let at = 0; at < AHEAD; at += 1) start(at);
  for (const [at, one] of packages.entries()) {
    const tarball = await started.get(at);
    started.delete(at);
    if (tarball === undefined) return;
    yield [one, tarball];
    start(at + AHEAD);
  }
}

/** Files of all packages so far. */
class Files {
  readonly all = new Map<string, Uint8Array>();
  readonly #limits: PackageLimits;
  #unpacked = 0;
  #count = 0;
  #kept = 0;

  constructor(limits: PackageLimits) {
    this.#limits = limits;
  }

  get left(): { readonly bytes: number; readonly files: number } {
    const { unpackedBytes, files } = this.#limits;
    return { bytes: unpackedBytes - this.#unpacked, files: files - this.#count };
  }

  /** Adds the files of a package, as the unpacker claims them. */
  add(
    { name, path, optional }: LockedPackage,
    subject: string,
    claim: unknown,
    payload: Buffer,
  ): void {
    const answer = unpackerAnswer.parse(claim);
    if ("fault" in answer) throw this.#refusal(subject, answer.fault);
    if ("native" in answer) {
      if (optional) return;
      throw nativeRefusal(subject, name);
    }
    this.#unpacked += Math.max(answer.unpacked, payload.length);
    this.#count += Math.max(answer.count, answer.paths.length);
    this.#kept += payload.length;
    const { archiveBytes } = this.#limits;
    if (this.#kept > archiveBytes) {
      throw refused(`They have more than ${mebibytes(archiveBytes)} of code, ${subject} included`);
    }
    let at = 0;
    for (const [index, file] of answer.paths.entries()) {
      const size = answer.sizes[index] ?? 0;
      this.all.set(`${path}/${file}`, payload.subarray(at, at + size));
      at += size;
    }
    if (at !== payload.length || this.left.files < 0 || this.left.bytes < 0) {
      throw new ConfinedFailure("Its files are not those that it tells of");
    }
  }

  #refusal(subject: string, fault: string): Error {
    const { unpackedBytes, files } = this.#limits;
    if (fault === "more bytes than are left") {
      return refused(`${subject} brings them to more than ${mebibytes(unpackedBytes)} unpacked`);
    }
    if (fault === "more files than are left") {
      return refused(`${subject} brings them to more than ${files} files`);
    }
    return new RegistryFailed(`The tarball of ${subject} has ${fault}`);
  }
}
