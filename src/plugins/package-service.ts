import { Aborted, BadRequest, messageOf, RegistryUnavailable } from "../base/errors.ts";
import type { FunctionBundle } from "../bundler/bundle.ts";
import type { NpmConfig } from "../config/npm.ts";
import { type PackageRules, packageRulesOf } from "../packages/builds/owned-policies.ts";
import {
  type BuildOptions,
  PackageBuilds,
  type Sources,
} from "../packages/builds/package-builds.ts";
import { mentionsPackages } from "../packages/builds/specifiers.ts";
import { assertLockAllowed } from "../packages/policy.ts";
import type { Advisory, Lock, PackageRequest } from "../packages/types.ts";
import { MAX_BUNDLE_BYTES } from "../protocol/limits.ts";
import type { Tenant, TenantPackages } from "../request/tenant.ts";
import type { Observer, ValidRequest } from "../request/types.ts";
import { assertCodeSize } from "./code-size.ts";
import type { RunAccount } from "./run-account.ts";

const UNTOLD =
  "The registry does not tell known faults, and packages are refused here where they are unknown";

/** Prepared sets of packages. */
export interface PackageSetLookup {
  /** Returns the lock of a tenant's set, or of the operator's with that name. */
  find(tenant: Tenant, name: string): Promise<Lock | undefined>;
  /** Returns all sets that the tenant may use. */
  all(tenant: Tenant): Promise<readonly PreparedSet[]>;
}

/** A set by what it was made for. Its lock, of some megabytes, is read only if it is the one. */
export interface PreparedSet {
  readonly request: PackageRequest;
  /** Returns nothing if the set has been deleted meanwhile. */
  lock(): Promise<Lock | undefined>;
}

/** Packages that an execution uses. */
export interface PackageUse {
  readonly request: PackageRequest;
  /** Lock of a prepared set. Absent: they are still to be resolved. */
  readonly lock: Lock | undefined;
  /** True: they are resolved anew, whatever has been found before. Default false. */
  readonly anew?: boolean | undefined;
}

/** Tenant that work is done for, and a signal that ends it. */
export interface PackageContext {
  readonly tenant: Tenant;
  readonly signal?: AbortSignal | undefined;
}

/** A loaded execution, as far as its packages are concerned. */
interface LoadedExecution extends PackageContext {
  readonly request: ValidRequest;
  readonly packages: PackageUse | undefined;
  readonly observer?: Observer | undefined;
  readonly account: Pick<RunAccount, "onBundled">;
}

export interface PackageServiceOptions {
  readonly builds: PackageBuilds;
  /** Rules of the operator. */
  readonly config: Partial<Pick<NpmConfig, keyof TenantPackages>>;
  /** Most bytes of a bundle. Default: the bundler's. */
  readonly maxBundleSize?: number | undefined;
  /** Default: there are no sets. */
  readonly sets?: PackageSetLookup | undefined;
}

/** Packages as a request or a deployment states them. */
export type StatedPackages = Pick<ValidRequest, "dependencies" | "overrides" | "packages">;

interface DeployedPackages extends StatedPackages, Pick<PackageUse, "anew"> {
  readonly pinned?: Lock | undefined;
}

/** A lock, and what there is to say about its packages. */
export interface ExaminedLock {
  readonly lock: Lock;
  /** Texts about known faults, each with its package. */
  readonly warnings: readonly string[];
}

/** Packages of executions and deployments: what they use, its lock, and their code with them. */
export class PackageService {
  readonly #options: PackageServiceOptions;

  constructor(options: PackageServiceOptions) {
    this.#options = options;
  }

  /** Returns the service of a host without a registry. */
  static none(): PackageService {
    const builds = new PackageBuilds({ source: undefined });
    return new PackageService({ builds, config: {} });
  }

  /** Tells whether a request may use packages. Costs next to nothing for one that uses none. */
  mayUse({ dependencies, overrides, packages, code }: ValidRequest): boolean {
    if (dependencies !== undefined || overrides !== undefined || packages !== undefined)
      return true;
    return mentionsPackages(code);
  }

  /**
   * Returns the packages that a request uses, before any of them is resolved.
   *
   * @throws {BadRequest} That names the field, for what the request may not use.
   */
  async use(request: ValidRequest, tenant: Tenant): Promise<PackageUse | undefined> {
    const { execute } = this.#rules(tenant);
    const use = await this.#stated(request, sourcesOf(request), tenant);
    if (use === undefined) return undefined;
    if (execute === "none") throw refused(use.lock ? "packages" : "dependencies");
    if (use.lock !== undefined || execute === "any") return use;
    return { ...use, lock: await this.#prepared(use.request, tenant) };
  }

  /** Returns the lock of a loaded execution. Resolves its packages, unless they are prepared. */
  async lock({
    packages,
    ...context
  }: Omit<LoadedExecution, "account">): Promise<Lock | undefined> {
    if (packages === undefined) return undefined;
    // Nobody reads warnings of an execution.
    const isTold = this.#rules(context.tenant).advisories === "refuse";
    const examined = this.#examined(packages, context.tenant, this.#building(context), isTold);
    return (await examined).lock;
  }

  /**
   * Returns the lock of a deployment. `pinned` is the lock to use, in place of any other. With `anew`, nothing that
   * has been resolved before is used.
   *
   * @throws {BadRequest} That names the field or the package.
   */
  async lockOf(
    { pinned, anew, ...stated }: DeployedPackages,
    sources: Sources,
    { tenant, signal }: PackageContext,
  ): Promise<ExaminedLock | undefined> {
    const use = pinned
      ? { request: pinned, lock: pinned }
      : await this.#stated(stated, sources, tenant);
    return use && this.#examined({ ...use, anew }, tenant, this.#building({ tenant, signal }));
  }

  /** Makes one module of a deployment's files and its packages. */
  bundleFiles(sources: Sources, lock: Lock, context: PackageContext): Promise<FunctionBundle> {
    return this.#options.builds.bundle(sources, lock, this.#building(context));
  }

  /** Finds and fetches the packages of a set. */
  async prepare(request: PackageRequest, context: PackageContext): Promise<ExaminedLock> {
    const options = this.#building(context);
    const examined = await this.#examined({ request, lock: undefined }, context.tenant, options);
    await this.#options.builds.fetch(examined.lock, options);
    return examined;
  }

  /**
   * Puts one module of a loaded execution's code and its packages in place of the code. Its time has not begun
   * yet.
   */
  async bring<C extends LoadedExecution>(context: C): Promise<C> {
    const lock = await this.lock(context);
    if (lock === undefined) return context;
    const options = this.#building(context);
    const sources = sourcesOf(context.request);
    const { code, map } = await this.#options.builds.bundle(sources, lock, options);
    const { maxBundleSize = MAX_BUNDLE_BYTES } = this.#options;
    const requester = { ...context.tenant, isBundle: true };
    assertCodeSize(code, { maxSize: maxBundleSize, maxBundleSize }, requester);
    context.account.onBundled(lock.hash, map);
    options.onStage("ready");
    return { ...context, request: { ...context.request, code, language: "javascript" } };
  }

  /** Returns what is stated, before it is resolved. */
  async #stated(
    stated: StatedPackages,
    sources: Sources,
    tenant: Tenant,
  ): Promise<PackageUse | undefined> {
    if (stated.packages !== undefined) {
      const lock = await this.#set(stated, tenant, stated.packages);
      return { request: lock, lock };
    }
    const request = await this.#options.builds.wanted(stated, sources, tenant.id);
    return request && { request, lock: undefined };
  }

  /** Resolves what is left to resolve, and applies the rules. `isTold` asks for known faults, too. */
  async #examined(
    use: PackageUse,
    tenant: Tenant,
    options: BuildOptions,
    isTold = true,
  ): Promise<ExaminedLock> {
    const { builds } = this.#options;
    const rules = this.#rules(tenant);
    if (use.lock !== undefined) assertLockAllowed(use.lock, rules.policies);
    const lock = use.lock ?? (await builds.lock(use.request, { ...options, anew: use.anew }));
    if (rules.advisories === "off" || !isTold) return { lock, warnings: [] };
    const isRefusal = rules.advisories === "refuse";
    const found = builds.advisories(lock, options).then((all) => {
      if (all === undefined && isRefusal) throw new RegistryUnavailable(UNTOLD);
      return (all ?? []).map(told);
    });
    const warnings = await found.catch((error: unknown) => {
      if (isRefusal || error instanceof Aborted) throw error;
      return [`Known faults of the packages could not be asked for: ${messageOf(error)}`];
    });
    const [first] = warnings;
    if (!isRefusal || first === undefined) return { lock, warnings };
    throw new BadRequest("dependencies", `dependencies: ${first}`);
  }

  #building({ tenant, signal, observer }: PackageContext & Pick<LoadedExecution, "observer">) {
    const { policies } = this.#rules(tenant);
    return {
      owner: tenant.id,
      policies,
      signal,
      onStage: (stage) => observer?.onPackages?.(stage),
    } satisfies BuildOptions;
  }

  async #set(asked: StatedPackages, tenant: Tenant, name: string): Promise<Lock> {
    if (asked.dependencies !== undefined || asked.overrides !== undefined) {
      throw new BadRequest("packages", "packages: Expected either a set or dependencies");
    }
    const lock = await this.#options.sets?.find(tenant, name);
    if (lock !== undefined) return lock;
    throw new BadRequest(
      "packages",
      `packages: There is no set "${name}": PUT /packages/${name} makes one`,
    );
  }

  /** Finds a prepared set that has been made of all the packages of a request. */
  async #prepared({ dependencies, overrides }: PackageRequest, tenant: Tenant): Promise<Lock> {
    const sets = (await this.#options.sets?.all(tenant)) ?? [];
    const found = sets.find(({ request }) => {
      if (JSON.stringify(request.overrides) !== JSON.stringify(overrides)) return false;
      return Object.entries(dependencies).every(([name, range]) => {
        return Object.hasOwn(request.dependencies, name) && request.dependencies[name] === range;
      });
    });
    const lock = await found?.lock();
    if (lock !== undefined) return lock;
    const message =
      'dependencies: Only those of a prepared set may be used here: name the set by "packages"';
    throw new BadRequest("dependencies", message);
  }

  #rules(tenant: Tenant): PackageRules {
    return packageRulesOf(this.#options.config, tenant.packages);
  }
}

/** Returns the code of a request as the only file. Its name tells the language, if the request has one. */
export function sourcesOf({ code, language }: Pick<ValidRequest, "code" | "language">): Sources {
  const isJsx = code.includes("@jsx");
  const main = `main.${language === "javascript" ? "js" : "ts"}${isJsx ? "x" : ""}`;
  return { files: { [main]: code }, main, anyLanguage: language === undefined, field: "code" };
}

function told({ name, version, severity, title, url }: Advisory): string {
  const page = url === "" ? "" : ` (${url})`;
  return `${name}@${version} has a known fault, ${severity}: ${title}${page}`;
}

function refused(field: string): BadRequest {
  return new BadRequest(field, `${field}: Executions may not use packages here`);
}
