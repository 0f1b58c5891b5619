import {
  type Destination,
  formatDestination,
  HostError,
  parseAuthority,
} from "../src/destinations/host.ts";
import { matchesPath, patternFault, plainPath } from "../src/destinations/path-pattern.ts";
import { Refusal } from "../src/destinations/refusal.ts";
import {
  type BindingScheme,
  boundValue,
  type EgressBinding,
  sameHeader,
} from "../src/protocol/egress-bindings.ts";
import type { Field } from "./head.ts";
import type { ExchangeRequest } from "./rewrite.ts";

/** Fewest characters of a secret that is masked by itself. A shorter one would be found by chance. */
const LEAST_MASKED = 8;
const MASK = "***";
/** Headers by which some servers take another method or path than that of the request line. */
const OVERRIDES = new Set([
  "x-forwarded-method",
  "x-forwarded-path",
  "x-forwarded-prefix",
  "x-forwarded-uri",
  "x-http-method",
  "x-http-method-override",
  "x-http-path-override",
  "x-method-override",
  "x-original-method",
  "x-original-uri",
  "x-original-url",
  "x-override-url",
  "x-rewrite-url",
]);

/** Bindings of one run, by their destinations. */
export class Bindings {
  readonly #hosts = new Map<string, BoundHost>();

  /** @throws {HostError} For a host or a path that is none, or two schemes of one destination. */
  constructor(bindings: readonly EgressBinding[]) {
    for (const binding of bindings) {
      const target = formatDestination(parseAuthority(binding.host));
      const fault = binding.paths?.map(patternFault).find((reason) => reason !== undefined);
      if (fault !== undefined) throw new HostError(`A path of a binding ${fault}`);
      const known = this.#hosts.get(target);
      if (known !== undefined && known.scheme !== binding.scheme) {
        throw new HostError(`Bindings of ${target} have different schemes`);
      }
      this.#hosts.set(target, new BoundHost(binding.scheme, [...(known?.bindings ?? []), binding]));
    }
  }

  /** Returns the bindings of a destination, if it has any. */
  at(destination: Destination): BoundHost | undefined {
    return this.#hosts.size === 0 ? undefined : this.#hosts.get(formatDestination(destination));
  }
}

/** A destination with bindings. */
export class BoundHost {
  readonly scheme: BindingScheme;
  readonly bindings: readonly EgressBinding[];
  readonly #readPath: typeof plainPath;
  readonly #masked: readonly string[];

  /** Takes another reader of paths for a test that shows what happens without `plainPath`. */
  constructor(
    scheme: BindingScheme,
    bindings: readonly EgressBinding[],
    readPath: typeof plainPath = plainPath,
  ) {
    this.scheme = scheme;
    this.bindings = bindings;
    this.#readPath = readPath;
    // The longest first: a shorter one may be a part of it, and would leave the rest.
    this.#masked = bindings.map(maskedText).sort((a, b) => b.length - a.length);
  }

  /**
   * Returns the request as the host gets it. Bindings that match its method and path have put their
   * headers on, in place of the client's own ones.
   *
   * @throws {Refusal} `BINDING_PATH` if paths are compared, and servers may read this one differently.
   */
  bind(request: ExchangeRequest): ExchangeRequest {
    const path = this.#readPath(request.path);
    if (path === undefined && this.bindings.some(({ paths }) => paths !== undefined)) {
      throw new Refusal("BINDING_PATH", "Servers may read this path differently: write it plainly");
    }
    const added = new Map<string, Field>();
    for (const binding of this.bindings) {
      const name = sameHeader(binding.header);
      if (added.has(name) || !matches(binding, request.method, path)) continue;
      added.set(name, [binding.header, boundValue(binding.format, binding.secret)]);
    }
    const mask = (text: string): string => this.#mask(text);
    if (added.size === 0) return { ...request, mask };
    const fields = request.fields.filter(
      ([name]) => !added.has(sameHeader(name)) && !OVERRIDES.has(sameHeader(name)),
    );
    return { ...request, fields, added: [...added.values()], mask };
  }

  /** Writes `***` for each secret in a text. */
  #mask(text: string): string {
    return this.#masked.reduce((masked, secret) => masked.replaceAll(secret, MASK), text);
  }
}

function maskedText({ format, secret }: EgressBinding): string {
  return secret.length < LEAST_MASKED ? boundValue(format, secret) : secret;
}

function matches(
  { methods, paths }: EgressBinding,
  method: string,
  path: string | undefined,
): boolean {
  if (methods !== undefined && !methods.includes(method)) return false;
  if (paths === undefined) return true;
  return path !== undefined && paths.some((pattern) => matchesPath(pattern, path));
}
