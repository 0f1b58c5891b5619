import { setTimeout as sleep } from "node:timers/promises";
import type { Client } from "../../src/client/client.ts";
import { IsolateClientError } from "../../src/client/errors.ts";
import { logLine } from "../code/show-answer.ts";
import type { Context } from "../command/define.ts";
import type { Paint } from "../terminal/paint.ts";
import { note, print, printJsonLine } from "../terminal/print.ts";

export interface Follower {
  readonly client: Client;
  readonly json: boolean;
  readonly paint: Paint;
  readonly context: Context;
}

const AGAIN_AFTER = 1_000;

/** Prints what a function logs, until the command is ended. A lost connection is made again. */
export async function followLogs(name: string, follower: Follower): Promise<void> {
  const { client, json, paint, context } = follower;
  const { signal } = context;
  while (!signal.aborted) {
    try {
      for await (const execution of client.functions.logs(name, { follow: true, signal })) {
        if (json) printJsonLine({ function: name, ...execution });
        else {
          for (const entry of execution.logs) {
            const head = entry.name === undefined ? "" : `${entry.name}: `;
            const line = logLine({ ...entry, message: head + entry.message }, paint);
            print(`${paint("dim", `${name} │`)} ${line}`);
          }
        }
      }
    } catch (error) {
      if (error instanceof IsolateClientError && !signal.aborted) {
        note(`logs of ${name} cannot be followed: ${error.message}`);
        return;
      }
    }
    await sleep(AGAIN_AFTER, undefined, { signal }).catch(() => {});
  }
}
