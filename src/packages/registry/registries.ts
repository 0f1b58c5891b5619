import { createHash, type Hash } from "node:crypto";
import ssri from "ssri";
import { Aborted, RegistryFailed } from "../../base/errors.ts";
import { mebibytes, type PackageLimits } from "../limits.ts";
import { refused } from "../refused.ts";
import type { LockedPackage } from "../types.ts";
import { Budget, TooMuch } from "./budget.ts";
import { type RegistryAnswer, RegistryConnection, type RegistryOptions } from "./registry.ts";

export type RegistryName = LockedPackage["registry"];
export type RegistrySet = Readonly<Partial<Record<RegistryName, RegistryOptions>>>;

/** Hashes that nobody can forge, the strongest first. */
const ALGORITHMS = ["sha512", "sha384", "sha256"];
const ADVISORIES = "/-/npm/v1/security/advisories/bulk";
const MAX_ADVISORIES = 4_194_304;

/** The registries, as one build may use them: documents, tarballs and advisories, and nothing else. */
export class Registries {
  readonly #set: RegistrySet;
  readonly #limits: PackageLimits;
  readonly #open = new Map<RegistryName, RegistryConnection>();
  readonly #connect: (options: RegistryOptions) => RegistryConnection;
  readonly #closing = new AbortController();
  readonly #leaveBuild: () => void;

  constructor(set: RegistrySet, limits: PackageLimits, owner: string, signal: AbortSignal) {
    const budget = new Budget(limits);
    const stop = (): void => this.#closing.abort(signal.reason);
    signal.addEventListener("abort", stop);
    if (signal.aborted) stop();
    this.#leaveBuild = () => signal.removeEventListener("abort", stop);
    this.#set = set;
    this.#limits = limits;
    this.#connect = (options) =>
      new RegistryConnection(options, budget, owner, this.#closing.signal);
  }

  /** Ends all requests. What they fetch is not needed any more. */
  close(): void {
    this.#leaveBuild();
    this.#closing.abort(new Aborted());
    for (const connection of this.#open.values()) connection.close();
  }

  /** Fetches the list of a package's versions. Its bytes are JSON, or no JSON: nobody has read them. */
  async document(registry: RegistryName, name: string): Promise<RegistryAnswer> {
    const subject = JSON.stringify(name);
    const most = this.#limits.documentBytes;
    const answer = await this.#ask(registry, subject, {
      path: `/${name.replace("/", "%2f")}`,
      most,
      accept: "application/json",
      encoding: "gzip",
    }).catch(worded(`${subject}: its list of versions`));
    if (answer.status === 200 && answer.type !== "" && !/\bjson\b/i.test(answer.type)) {
      const [type] = answer.type.split(";");
      throw new RegistryFailed(
        `The registry answers with ${type?.slice(0, 100)} in place of JSON for ${subject}`,
      );
    }
    return answer;
  }

  /**
   * Fetches a tarball and compares it with the hash of the lock. So it is the same for everybody who has this lock,
   * whatever the registry or a builder says.
   */
  async tarball(locked: LockedPackage): Promise<Buffer> {
    const subject = JSON.stringify(`${locked.name}@${locked.version}`);
    const expected = strongHash(locked.integrity);
    if (expected === undefined) {
      throw new RegistryFailed(`The registry has no SHA-512 hash of ${subject}`);
    }
    let hash: Hash = createHash(expected.algorithm);
    const answer = await this.#ask(locked.registry, subject, {
      path: locked.tarball,
      most: this.#limits.tarballBytes,
      accept: "*/*",
      encoding: "identity",
      onStart: () => {
        hash = createHash(expected.algorithm);
      },
      onData: (chunk) => hash.update(chunk),
    }).catch(worded(`${subject}: its tarball`));
    if (answer.status === 404)
      throw new RegistryFailed(`The registry has no tarball of ${subject}`);
    if (hash.digest("base64") !== expected.digest) {
      throw new RegistryFailed(
        `The tarball of ${subject} is not the one in the lock: its hash differs`,
      );
    }
    return answer.bytes;
  }

  /** Asks for known vulnerabilities. Returns JSON that nobody has read, or `undefined`. */
  async advisories(
    versions: Readonly<Record<string, readonly string[]>>,
  ): Promise<Buffer | undefined> {
    const { status, bytes, isZipped } = await this.#ask("npm", "advisories", {
      path: ADVISORIES,
      most: MAX_ADVISORIES,
      accept: "application/json",
      encoding: "identity",
      body: JSON.stringify(versions),
    });
    return status === 200 && !isZipped ? bytes : undefined;
  }

  async #ask(
    name: RegistryName,
    subject: string,
    request: Omit<Parameters<RegistryConnection["ask"]>[0], "subject">,
  ): Promise<RegistryAnswer> {
    const options = this.#set[name];
    if (options === undefined) {
      const name = subject.replace(/^"@jsr\/(.+)__(.+)"$/, '"jsr:@$1/$2"');
      throw refused(`This server has no registry for ${name}: set ISOLATE_JSR_REGISTRY`);
    }
    const connection = this.#open.get(name) ?? this.#connect(options);
    this.#open.set(name, connection);
    return connection.ask({ ...request, subject });
  }
}

/** Returns the strongest hash of an integrity field. `undefined` if all are weak. */
export function strongHash(integrity: string): { algorithm: string; digest: string } | undefined {
  const hashes = ssri.parse(integrity) as unknown as Record<string, { digest: string }[]> | null;
  for (const algorithm of ALGORITHMS) {
    const [first] = hashes?.[algorithm] ?? [];
    if (first !== undefined) return { algorithm, digest: first.digest };
  }
  return undefined;
}

function worded(what: string): (error: unknown) => never {
  return (error) => {
    if (!(error instanceof TooMuch)) throw error;
    const reason =
      error.what === "requests"
        ? `They need more than ${error.most} requests to the registry`
        : error.what === "bytes"
          ? `${what} has more than ${mebibytes(error.most)}`
          : `The registry sends more than ${mebibytes(error.most)} for them`;
    throw refused(reason);
  };
}
