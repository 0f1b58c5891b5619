import type { Socket } from "node:net";
import { hangUp } from "../src/base/hang-up.ts";
import { Refusal, refusalResponse } from "../src/destinations/refusal.ts";
import { serveHttp } from "./http.ts";
import type { ProxiedRun } from "./proxied-run.ts";
import { HeadError, readOpening } from "./read-head.ts";

/** Matches the first letter of a method. */
const HTTP_OPENING = /^[A-Za-z]/;

const TOO_MANY = {
  crowded: new Refusal("LIMIT_CONNECTIONS", "Too many connections wait already"),
  full: new Refusal("LIMIT_TENANT", "The tenant's executions have too many connections open"),
} as const;

/** Serves one connection to a sandbox's socket, from its first byte to its last. Does not throw. */
export async function serveConnection(client: Socket, run: ProxiedRun): Promise<void> {
  const entered = run.enter(client);
  if (entered === "flooded") {
    client.destroy();
    return;
  }
  if (entered !== "welcome") {
    // Not read from: a connection too many costs no more than its answer.
    refuse(client, run, TOO_MANY[entered]);
    return;
  }
  const deadline = Date.now() + run.limits.headTimeoutMs;
  try {
    const opening = await readOpening(client, run.limits.headTimeoutMs);
    await dispatch(client, opening, run, deadline);
  } catch (error) {
    if (error instanceof HeadError && error.fault === "closed") client.destroy();
    else refuse(client, run, new Refusal("HEAD_TIMEOUT", "Nothing was asked for in time"));
  }
}

/**
 * Chooses the protocol by the first byte. Only HTTP is served, which starts with a letter.
 * PostgreSQL, for example, starts with the length of a message.
 */
async function dispatch(
  client: Socket,
  opening: Buffer,
  run: ProxiedRun,
  deadline: number,
): Promise<void> {
  if (HTTP_OPENING.test(opening.toString("latin1", 0, 1))) {
    await serveHttp(client, opening, run, deadline);
  } else {
    refuse(client, run, new Refusal("UNKNOWN_PROTOCOL", "Only HTTP proxy requests are spoken"));
  }
}

function refuse(client: Socket, run: ProxiedRun, refusal: Refusal): void {
  run.decisions.deny({ host: "", port: 0 }, refusal);
  hangUp(client, refusalResponse(refusal));
}
