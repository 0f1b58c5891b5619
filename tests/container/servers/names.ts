/**
 * A name server for containers of the tests: `names.ts ZONE NOTES`. ZONE is a JSON object. A key is
 * a name, or `*.` and a parent. A value lists the answers in order, each a list of IPv4 addresses;
 * the last one is repeated. `null` means no answer. It records the name of every question for IPv4
 * addresses in NOTES, as `web.ts` does.
 */
import { createSocket } from "node:dgram";
import { appendFileSync } from "node:fs";

const [zoneText = "{}", notes = ""] = process.argv.slice(2);
const zone: Record<string, string[][] | null> = JSON.parse(zoneText);
const asked = new Map<string, number>();

const HEADER_BYTES = 12;
const TYPE_A = 1;
const NO_SUCH_NAME = 3;
/** Flags of an answer: authoritative, without recursion. */
const FLAGS = 0x8580;

/** Finds a name in the zone; `undefined` if it is not there. */
function entryOf(name: string): string[][] | null | undefined {
  const entry = zone[name];
  return entry === undefined ? zone[name.replace(/^[^.]*/, "*")] : entry;
}

/** Returns the next answer for a name; `undefined` for a name that is not in the zone. */
function answer(name: string): string[] | undefined {
  const answers = entryOf(name);
  if (!answers) return undefined;
  const times = asked.get(name) ?? 0;
  asked.set(name, times + 1);
  return answers[Math.min(times, answers.length - 1)] ?? [];
}

/** Makes the reply; `undefined` for a question that gets no answer. */
function reply(query: Buffer): Buffer | undefined {
  const labels: string[] = [];
  let at = HEADER_BYTES;
  for (let length = query[at] ?? 0; length > 0; length = query[at] ?? 0) {
    labels.push(query.toString("latin1", at + 1, at + 1 + length));
    at += 1 + length;
  }
  const name = labels.join(".").toLowerCase();
  const forAddresses = query.readUInt16BE(at + 1) === TYPE_A;
  if (forAddresses) appendFileSync(notes, `${JSON.stringify({ name })}\n`);
  if (entryOf(name) === null) return undefined;
  const found = forAddresses ? answer(name) : entryOf(name) && [];

  const header = Buffer.alloc(HEADER_BYTES);
  query.copy(header, 0, 0, 2);
  header.writeUInt16BE(FLAGS | (found === undefined ? NO_SUCH_NAME : 0), 2);
  header.writeUInt16BE(1, 4);
  header.writeUInt16BE(found?.length ?? 0, 6);
  const records = (found ?? []).map((address) => {
    // Pointer to the question's name, type A, class IN, a TTL of 0, four bytes.
    const record = Buffer.from([0xc0, HEADER_BYTES, 0, 1, 0, 1, 0, 0, 0, 0, 0, 4]);
    return Buffer.concat([record, Buffer.from(address.split(".").map(Number))]);
  });
  return Buffer.concat([header, query.subarray(HEADER_BYTES, at + 5), ...records]);
}

const socket = createSocket("udp4");
socket.on("message", (query, { port, address }) => {
  const answered = reply(query);
  if (answered !== undefined) socket.send(answered, port, address);
});
socket.bind(53, () => appendFileSync(notes, ""));
