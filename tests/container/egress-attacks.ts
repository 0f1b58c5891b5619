import type { JobGrants } from "../../src/engines/contract/contract.ts";
import type { Denial } from "../../src/request/types.ts";
import type { EgressSite, Runner } from "./egress-site.ts";

/** Attempt to reach a destination: by `fetch`, or by the proxy's protocol on a raw connection. */
export interface Attempt {
  readonly how: "fetch" | "connect" | "absolute";
  /** Destination as `host:port`, or `host` for port 80. */
  readonly target: string;
  /** Unique path, so that the reached server can report it. */
  readonly path: string;
}

/** Code that makes all attempts in its input. Returns each result or error, and its duration. */
const CODE = `
  async function raw(request) {
    const connection = await Deno.connect({ hostname: "127.0.0.1", port: 3128 });
    const hear = async () => {
      const bytes = new Uint8Array(65536);
      return new TextDecoder().decode(bytes.subarray(0, await connection.read(bytes) ?? 0));
    };
    const say = (line) => connection.write(
      new TextEncoder().encode(line + " HTTP/1.1\\r\\nHost: up.test\\r\\nConnection: close\\r\\n\\r\\n"));
    await say(request.first);
    let answer = await hear();
    if (request.then !== undefined && answer.includes(" 200 ")) {
      await say(request.then);
      answer = await hear();
    }
    for (let more = await hear(); more !== ""; more = await hear()) answer += more;
    connection.close();
    return answer;
  }
  const ways = {
    fetch: async ({ target, path }) => (await fetch("http://" + target + path)).text(),
    connect: ({ target, path }) => {
      const authority = /:\\d+$/.test(target) ? target : target + ":80";
      return raw({ first: "CONNECT " + authority, then: "GET " + path });
    },
    absolute: ({ target, path }) => raw({ first: "GET http://" + target + path }),
  };
  export default async (attempts) => {
    const answers = [];
    for (const attempt of attempts) {
      const since = performance.now();
      const answer = await ways[attempt.how](attempt).catch((e) => e.name + ": " + e.message);
      answers.push({ answer, took: performance.now() - since });
    }
    return answers;
  };`;

/** Returns the server that was reached, or the code or name of the error. */
function verdictOf(answer: string): string {
  const [, server] = /reached \S+ of (\w+)/.exec(answer) ?? [];
  if (server !== undefined) return server;
  const [, code] = /"code":"([A-Z_]+)"/.exec(answer) ?? [];
  return code ?? /^\w+/.exec(answer)?.[0] ?? answer;
}

/** Attempts to get from a grant for `up.test` to another server, or to another port of that one. */
export const HOSTS: readonly Attempt[] = [
  ...each("metadata.test", "other-host"),
  ...each("evilup.test", "same-ending"),
  ...each("sub.up.test", "sub-domain"),
  ...each("up.test@metadata.test", "userinfo").filter(({ how }) => how === "fetch"),
  { how: "fetch", target: "up.test", path: redirect("http://metadata.test/redirected") },
  { how: "fetch", target: "up.test", path: redirect("//metadata.test:80/redirected-again") },
];
export const PORTS: readonly Attempt[] = [
  ...each("up.test:8080", "other-port"),
  { how: "fetch", target: "up.test", path: redirect("http://up.test:8080/redirected-port") },
];

/** Attempts to reach the granted server by its address and not by its name. */
export const literally = (address: string): readonly Attempt[] => each(address, "literal");

function redirect(to: string): string {
  return `/redirect?to=${encodeURIComponent(to)}`;
}

/** Makes an attempt in each way at each target; `fetch` itself takes no zones. */
export function spelled(targets: readonly string[]): Attempt[] {
  const all = targets.flatMap((target, at) => each(target, `spelling-${at}`));
  return all.filter(({ how, target }) => how !== "fetch" || !target.includes("eth0"));
}

function each(target: string, what: string): Attempt[] {
  const ways = ["fetch", "connect", "absolute"] as const;
  return ways.map((how) => ({ how, target, path: `/${what}-${how}` }));
}

/** Results of attempts. */
export interface Attacked {
  /** Verdicts by attempt. */
  readonly verdicts: Readonly<Record<string, string>>;
  /** Milliseconds of the fastest attempt, because a busy machine delays the others. */
  readonly fastest: number;
  readonly denied: readonly Denial[];
}

/** Makes all attempts in one sandbox of the site. */
export async function attack(
  site: EgressSite,
  runner: Runner,
  granted: JobGrants | undefined,
  attempts: readonly Attempt[],
): Promise<Attacked> {
  const { result, ending, denied } = await site.run(runner, granted, CODE, attempts);
  if (!Array.isArray(result)) throw new Error(JSON.stringify(ending));
  const answers = result as { answer: string; took: number }[];
  const verdicts = answers.map(({ answer }, at) => {
    const { how, target, path } = attempts[at] as Attempt;
    return [`${how} ${target}${path}`, verdictOf(answer)];
  });
  return {
    verdicts: Object.fromEntries(verdicts),
    fastest: Math.min(...answers.map(({ took }) => took)),
    denied,
  };
}
