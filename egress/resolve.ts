import { lookup } from "node:dns/promises";

/**
 * Gives every address of a host name, in the order to try them. Rejects if there is none. It is
 * asked once for each tunnel; what it answers is checked, and what was checked is dialled.
 */
export type Resolver = (name: string) => Promise<readonly string[]>;

/** Asks the operating system, its hosts file included. */
export const systemResolver: Resolver = async (name) => {
  const answers = await lookup(name, { all: true, verbatim: true });
  return answers.map(({ address }) => address);
};

/** Answers for the names in `hosts` from there, and asks `resolver` for all others. */
export function withStaticHosts(hosts: ReadonlyMap<string, string>, resolver: Resolver): Resolver {
  return async (name) => {
    const address = hosts.get(name);
    return address === undefined ? await resolver(name) : [address];
  };
}
