import { createSocket } from "node:dgram";
import type { Cleanup } from "./egress.ts";

/** Returns the addresses for an answer. `null` means no answer at all. */
export type Zone = (name: string, type: "A" | "AAAA") => readonly string[] | null | undefined;

export interface NameServer {
  /** Address as `address:port`. */
  readonly at: string;
  /** Names it was asked for, with their types. */
  readonly asked: string[];
}

const HEADER_BYTES = 12;
const TYPE_A = 1;

/**
 * Starts a name server on loopback. A name for which its zone returns `undefined` does not exist.
 */
export async function startNameServer(cleanup: Cleanup, zone: Zone): Promise<NameServer> {
  const asked: string[] = [];
  const socket = createSocket("udp4");
  socket.on("message", (query, { port, address }) => {
    const { name, type, end } = questionOf(query);
    asked.push(`${name} ${type}`);
    const found = zone(name, type);
    if (found === null) return;
    const header = Buffer.alloc(HEADER_BYTES);
    query.copy(header, 0, 0, 2);
    header.writeUInt16BE(found === undefined ? 0x8583 : 0x8580, 2);
    header.writeUInt16BE(1, 4);
    header.writeUInt16BE(found?.length ?? 0, 6);
    const records = (found ?? []).map((text) => recordOf(text, type));
    const answer = Buffer.concat([header, query.subarray(HEADER_BYTES, end), ...records]);
    socket.send(answer, port, address);
  });
  await new Promise<void>((resolve) => socket.bind(0, "127.0.0.1", resolve));
  cleanup.add(() => socket.close());
  return { at: `127.0.0.1:${socket.address().port}`, asked };
}

function questionOf(query: Buffer): { name: string; type: "A" | "AAAA"; end: number } {
  const labels: string[] = [];
  let at = HEADER_BYTES;
  for (let length = query[at] ?? 0; length > 0; length = query[at] ?? 0) {
    labels.push(query.toString("latin1", at + 1, at + 1 + length));
    at += 1 + length;
  }
  const type = query.readUInt16BE(at + 1) === TYPE_A ? "A" : "AAAA";
  return { name: labels.join(".").toLowerCase(), type, end: at + 5 };
}

/**
 * Writes a record for the question's name, with class IN and no time to live. IPv6 addresses must
 * be in full form.
 */
function recordOf(text: string, type: "A" | "AAAA"): Buffer {
  const bytes =
    type === "A"
      ? Buffer.from(text.split(".").map(Number))
      : Buffer.from(text.replaceAll(":", ""), "hex");
  const code = type === "A" ? TYPE_A : 28;
  const head = Buffer.from([0xc0, HEADER_BYTES, 0, code, 0, 1, 0, 0, 0, 0, 0, bytes.length]);
  return Buffer.concat([head, bytes]);
}
