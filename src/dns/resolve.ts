import { promises } from "node:dns";
import { parseHosts, SystemFile } from "./hosts-file.ts";
import { LookupError } from "./lookup-error.ts";
import { candidates, parseSearchList } from "./search-list.ts";

/**
 * Returns every address of a host name, in the order to try them. Rejects if there is none, and as
 * soon as `signal` is aborted. Each address is checked, and exactly the checked address is dialled.
 */
export type Resolver = (name: string, signal: AbortSignal) => Promise<readonly string[]>;

/** The party that looks up a name, and its limits. */
export interface Asker {
  /** The tenant, whose look-ups share one limit. */
  readonly owner: string;
  /** The execution, or another unit with its own limit below the owner's. */
  readonly run: string;
  readonly signal: AbortSignal;
  /** Called when its turn has come, just before the name servers are asked. */
  readonly onTurn?: () => void;
}

/** A resolver that limits the look-ups of each asker. */
export type Lookup = (name: string, asker: Asker) => Promise<readonly string[]>;

/** Milliseconds for one answer of one server, and tries per server. */
const EACH_TRY = { timeout: 1_500, tries: 2 };
/** Milliseconds for a name, over all servers and search domains. */
const NAME_MS = 4_000;
/** Error codes of a query that no server answered. */
const UNANSWERED: readonly unknown[] = ["ETIMEOUT", "ECANCELLED"];
/** Most addresses of a name. Each one is checked, and no honest name has more. */
const MAX_ADDRESSES = 100;

export interface NameServerOptions {
  /** Default: `/etc/hosts`. */
  readonly hostsFile?: string;
  /** File with the rules for incomplete names. Default: `/etc/resolv.conf`. */
  readonly resolvConf?: string;
  /** Name servers as `address:port`. Default: the operating system's. */
  readonly servers?: readonly string[];
}

/**
 * Queries the operating system's name servers, after its hosts file. It avoids `getaddrinfo`, which
 * holds a thread of the pool for 10 s and longer and cannot be cancelled. With 32 such threads
 * taken (4 in Node), every file operation of the process waits. Seen with Deno 2.9.6 and Node
 * 20.20.
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

/** Queries the names in order until one has an address. */
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

/** Answer of the name servers for a complete name. `late` means that a query had no answer. */
interface DnsAnswer {
  /** Alternates IPv4 and IPv6, so that a few tries include both. */
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

/** Wraps `lookup`: names in `hosts` are answered from there. */
export function withStaticHosts(hosts: ReadonlyMap<string, string>, lookup: Lookup): Lookup {
  return async (name, asker) => {
    const address = hosts.get(name);
    return address === undefined ? await lookup(name, asker) : [address];
  };
}
