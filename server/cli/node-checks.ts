import type { LimitFunction } from "p-limit";
import { z } from "zod";
import { type Finding, ok, warn } from "../../doctor/finding.ts";
import { messageOf } from "../../src/base/errors.ts";
import { VERSION } from "../version.ts";

const ANSWER_WITHIN = 5_000;
const MOST_BYTES = 65_536;

/** A server, as its row tells it. */
export interface CheckedNode {
  readonly id: string;
  readonly address: string;
  readonly version: string;
  readonly draining: boolean;
  readonly alive: boolean;
}

const readiness = z.object({ reason: z.string().optional() });

/** Checks the servers that share a store: versions, and whether each one is reached and ready. */
export async function* checkNodes(
  nodes: readonly CheckedNode[],
  limit: LimitFunction,
): AsyncGenerator<Finding> {
  const there = nodes.filter(({ alive }) => alive);
  const gone = nodes.length - there.length;
  if (there.length === 0) {
    yield warn("nodes", "No server uses the store", "Start one with the same ISOLATE_STORE_URL");
  } else yield ok("nodes", `${there.length} servers use the store`);
  if (gone > 0) {
    const advice = "See whether they should be there. Their rows go after an hour";
    yield warn("nodes", `${gone} servers have ended without a word`, advice);
  }
  const versions = [...new Set(there.map(({ version }) => version))];
  if (versions.some((version) => version !== VERSION)) {
    const advice = "Go on with the upgrade, until all of them have the same";
    const message = `The servers have the versions ${versions.join(", ")}, and this is ${VERSION}`;
    yield warn("node versions", message, advice);
  }
  yield* await Promise.all(there.map((node) => limit(() => checkNode(node))));
}

async function checkNode({ address, draining }: CheckedNode): Promise<Finding> {
  const check = "node";
  try {
    const response = await fetch(`http://${address}/readyz`, {
      signal: AbortSignal.timeout(ANSWER_WITHIN),
      redirect: "error",
    });
    const { status } = response;
    if (status === 200) {
      await response.body?.cancel();
      return ok(check, `${address} is ready`);
    }
    const reason = reasonOf(await textOf(response));
    if (draining) return ok(check, `${address} is about to end`);
    const advice = "Run isolate doctor on its host: run directory, images, engine";
    return warn(check, `${address} answers ${status}${reason}`, advice);
  } catch (error) {
    const { cause } = error as { cause?: unknown };
    const message = messageOf(cause ?? error);
    const advice =
      "It may listen on loopback, or behind a proxy. Else see to its network and its name";
    return warn(check, `${address} is not reached from here: ${message}`, advice);
  }
}

/** Reads the start of an answer, because somebody else may be at the address. */
async function textOf(response: Response): Promise<string> {
  let text = "";
  const decoder = new TextDecoder();
  for await (const chunk of response.body ?? []) {
    text += decoder.decode(chunk as Uint8Array, { stream: true });
    if (text.length > MOST_BYTES) break;
  }
  return text;
}

function reasonOf(text: string): string {
  try {
    const { reason } = readiness.parse(JSON.parse(text));
    // Only printable text goes to a terminal.
    return reason === undefined ? "" : `: ${reason.slice(0, 200).replace(/[^\x20-\x7e]/g, "?")}`;
  } catch {
    return "";
  }
}
