import { functionName } from "../../../src/contract/functions.ts";
import { tenantId } from "../../../src/contract/tenants.ts";
import { SOLE_TENANT } from "../../../src/request/tenant.ts";
import type { Hosted } from "../../http/hosted-name.ts";

export interface ServerNamesOptions {
  /** Public URL of this server. */
  readonly publicUrl?: string | undefined;
  /** Further names of this server, in lower case. */
  readonly hosts?: readonly string[] | undefined;
  /** Name below which each name is one function's. */
  readonly suffix?: string | undefined;
  /** True if the server has one tenant and no keys. */
  readonly isSole: boolean;
}

/** Tenant and function that a name states. */
export type Named = Pick<Hosted, "tenant" | "function">;

/** Characters between function and tenant. */
const BETWEEN = "--";
/** Begin of a label in Punycode, which browsers read as other letters. */
const PUNYCODE = "xn--";

/** Names that are the server's own, and those that it gives to functions by a rule. */
export class ServerNames {
  readonly #own: ReadonlySet<string>;
  readonly #suffix: string | undefined;
  readonly #isSole: boolean;

  constructor({ publicUrl, hosts = [], suffix, isSole }: ServerNamesOptions) {
    const url = publicUrl === undefined ? [] : [new URL(publicUrl).hostname];
    this.#own = new Set(["localhost", ...url, ...hosts]);
    this.#suffix = suffix;
    this.#isSole = isSole;
  }

  /** Tests whether a name is certainly of the API. Names of one part are those of a private network. */
  isOfApi(name: string): boolean {
    if (this.#own.has(name) || name === this.#suffix) return true;
    return !this.#isBelow(name) && isOfMachine(name);
  }

  /** Tests whether no tenant may have a name. */
  isTaken(name: string): boolean {
    return this.#isBelow(name) || this.isOfApi(name);
  }

  /**
   * Returns the function of a name below the suffix: `function--tenant`, or the function alone where
   * there is one tenant. The last `--` counts, so no two functions have the same name. An empty object
   * is for names of no function. `undefined` is for names that are not below the suffix.
   */
  named(name: string): Named | undefined {
    if (this.#suffix === undefined || !this.#isBelow(name)) return undefined;
    const label = name.slice(0, -this.#suffix.length - 1);
    if (label.startsWith(PUNYCODE)) return {};
    if (this.#isSole) return valid(SOLE_TENANT.id, label);
    const at = label.lastIndexOf(BETWEEN);
    return at < 1 ? {} : valid(label.slice(at + BETWEEN.length), label.slice(0, at));
  }

  #isBelow(name: string): boolean {
    return this.#suffix !== undefined && name.endsWith(`.${this.#suffix}`);
  }
}

function valid(tenant: string, name: string): Named {
  const isValid = tenantId.safeParse(tenant).success && functionName.safeParse(name).success;
  return isValid ? { tenant, function: name } : {};
}

/**
 * Tests for a name of this machine or of a private network: one part, or an IPv4 address. Those of
 * IPv6 are in brackets, which no name has.
 */
function isOfMachine(name: string): boolean {
  return !name.includes(".") || name.endsWith(".localhost") || /\.\d+$/.test(name);
}
