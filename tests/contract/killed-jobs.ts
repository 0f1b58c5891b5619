/** Tests that accepted jobs survive when their server is killed. */
import { expect } from "vitest";
import type { Client } from "../../src/client/client.ts";
import type { Receiver } from "../helpers/receiver.ts";
import type { TestServer } from "../helpers/server.ts";
import { until } from "./engine-contract.ts";

/** Executions of the tenant at once. */
const AT_ONCE = 2;
/** Jobs that wait when the server is killed, and jobs sent then, some of which are accepted. */
const WAITING = 3;
const MORE = 20;
const ACCEPTED = 5;

/** Code that ends once the host has answered. */
const CODE = `export default async ({ host, token }) => {
  if (host) await (await fetch("http://" + host + "/" + token)).text();
  return token;
}`;

export interface KilledOptions {
  readonly server: TestServer;
  readonly admin: Client;
  readonly clientOf: (key: string) => Client;
  readonly receiver: Receiver;
}

/** Kills the server with jobs in every state and starts it again. Each must be answered once. */
export async function killedJobs({ server, receiver, ...options }: KilledOptions): Promise<void> {
  const { admin, clientOf } = options;
  await admin.admin.putTenant("killed", { concurrency: AT_ONCE });
  const { key } = await admin.admin.createKey("killed");
  let client = clientOf(key);
  const tokens = new Map<string, string>();
  const submit = async (token: string, host?: string): Promise<void> => {
    const permissions = { net: [receiver.host] };
    const common = { code: CODE, permissions, reuse: "code", timeout: 30_000 } as const;
    tokens.set((await client.submit({ ...common, input: { host, token } })).id, token);
  };
  receiver.hold();
  for (let number = 0; number < AT_ONCE; number += 1) await submit(`run-${number}`, receiver.host);
  const interrupted = [...tokens.keys()];
  await until(() => receiver.received.length === AT_ONCE);
  for (let number = 0; number < WAITING; number += 1) await submit(`wait-${number}`);
  const sent = Promise.allSettled(
    Array.from({ length: MORE }, (_, number) => submit(`more-${number}`)),
  );
  await until(() => tokens.size >= AT_ONCE + WAITING + ACCEPTED);
  await server.stop("SIGKILL");
  const unanswered = (await sent).filter(({ status }) => status === "rejected");
  expect(tokens.size).toBe(AT_ONCE + WAITING + MORE - unanswered.length);

  receiver.release();
  await server.start();
  client = clientOf(key);
  const attempts = new Map<string, number>();
  for (const [id, token] of tokens) {
    const job = await client.jobs.wait(id, { signal: AbortSignal.timeout(60_000) });
    expect(job).toMatchObject({ status: "done", answer: { id, ok: true, result: token } });
    expect(job.answer).toMatchObject({ attempts: job.attempts });
    attempts.set(id, job.attempts);
  }
  // Jobs that ran have run again; jobs that waited have not.
  for (const id of interrupted) expect(attempts.get(id)).toBe(2);
  expect([...attempts.values()].filter((count) => count === 1).length).toBeGreaterThan(0);
  const { executions } = await client.executions({ via: "async", outcome: "ok", limit: 200 });
  const ids = executions.map(({ id }) => id);
  expect(ids.filter((id) => tokens.has(id)).sort()).toEqual([...tokens.keys()].sort());
  expect(new Set(ids).size).toBe(ids.length);
}
