import { promises } from "node:dns";
import { parseHosts, SystemFile } from "./hosts-file.ts";
import { LookupError } from "./lookup-error.ts";
import { candidates, parseSearchList } from "./search-list.ts";

/**
 * Gives every address of a host name, in the order to try them. Rejects if there is none, and as
 * soon as `signal` is aborted. What it answers is checked, and what was checked is dialled.
 */
export type Resolver = (name: string, signal: AbortSignal) => Promise<readonly string[]>;

/** Whom a name is looked up for. */
export interface Asker {
  /** Whose look-ups share one bound: the tenant. */
  readonly owner: string;
  /** The execution, or whatever else has a bound of its own below its owner's. */
  readonly run: string;
  readonly signal: AbortSignal;
}

/** A resolver that bounds how much one asker may have it do. */
export type Lookup = (name: string, asker: Asker) => Promise<readonly string[]>;

/** Milliseconds one server has for one answer, and how often it is asked. */
const EACH_TRY = { timeout: 1_500, tries: 2 };
/** Milliseconds for a name, over all servers and all domains of the search list. */
const NAME_MS = 4_000;
/** What a question ends with that no server has answered. */
const UNANSWERED: readonly unknown[] = ["ETIMEOUT", "ECANCELLED"];
/** Addresses of a name: each is checked, and no honest name has as many. */
const MAX_ADDRESSES = 100;

export interface NameServerOptions {
  /** Default: `/etc/hosts`. */
  readonly hostsFile?: string;
  /** Says how incomplete names are completed. Default: `/etc/resolv.conf`. */
  readonly resolvConf?: string;
  /** `address:port` of the servers that are asked. Default: the operating system's. */
  readonly servers?: readonly string[];
}

/**
 * Asks the operating system's name servers, its hosts file first. Does not use `getaddrinfo`: that
 * holds a thread of the pool for 10 s and longer, cannot be cancelled, and with 32 such threads taken
 * (4 in Node) every file operation of the process waits. Seen with Deno 2.9.6 and Node 20.20.
 */
export function nameServerResolver(options: NameServerOptions = {}): Resolver {
  const hosts = new SystemFile(options.hostsFile ?? "/etc/hosts", parseHosts);
  const search = new SystemFile(options.resolvConf ?? "/etc/resolv.conf", parseSearchList);
  return async (name, signal) => {
    const own = hosts.value.get(name);
    if (own !== undefined) return own;
    const resolver = new promises.Resolver(EACH_TRY);
    if (options.servers !== undefined) resolver.setServers(options.servers);
    return await askAll(candidates(name, search.value), resolver, signal);
  };
}

/** Asks for one name after the other until one has an address. */
async function askAll(
  names: readonly string[],
  resolver: promises.Resolver,
  signal: AbortSignal,
): Promise<readonly string[]> {
  const cancel = (): void => resolver.cancel();
  const timer = setTimeout(cancel, NAME_MS);
  signal.addEventListener("abort", cancel);
  let late = false;
  try {
    for (const name of names) {
      signal.throwIfAborted();
      const answer = await ask(name, resolver);
      late = answer.late;
      if (answer.addresses.length > 0 && answer.addresses.length <= MAX_ADDRESSES) {
        return answer.addresses;
      }
      if (late) break;
    }
  } finally {
    clearTimeout(timer);
    signal.removeEventListener("abort", cancel);
  }
  throw late
    ? new LookupError("RESOLVE_TIMEOUT", "The name was not resolved in time")
    : new LookupError("RESOLVE_FAILED", "The name could not be resolved");
}

/** What the name servers say of a complete name. `late`: one of the questions had no answer. */
interface DnsAnswer {
  /** IPv4 and IPv6 in turn, so that a few tries see both. */
  readonly addresses: readonly string[];
  readonly late: boolean;
}

async function ask(name: string, resolver: promises.Resolver): Promise<DnsAnswer> {
  const answers = await Promise.allSettled([resolver.resolve4(name), resolver.resolve6(name)]);
  const [four = [], six = []] = answers.map((answer) =>
    answer.status === "fulfilled" ? answer.value : [],
  );
  const longest = Math.max(four.length, six.length);
  const inTurn = Array.from({ length: longest }, (_, at) => [four[at], six[at]]).flat();
  return {
    addresses: inTurn.filter((address) => address !== undefined),
    late: answers.some(
      (answer) => answer.status === "rejected" && UNANSWERED.includes(answer.reason?.code),
    ),
  };
}

/** Answers for the names in `hosts` from there, and asks `lookup` for all others. */
export function withStaticHosts(hosts: ReadonlyMap<string, string>, lookup: Lookup): Lookup {
  return async (name, asker) => {
    const address = hosts.get(name);
    return address === undefined ? await lookup(name, asker) : [address];
  };
}
