import { z } from "zod";
import { CHANNEL_LIMITS } from "../../src/protocol/limits.ts";

export type RelayedMessage = readonly [topic: string, text: string];
export type RelayedLoss = readonly [topic: string, count: number];

/** Messages of one tenant from one server, in their order, and how many of them were lost. */
export interface Batch {
  readonly from: string;
  readonly tenant: string;
  readonly messages: readonly RelayedMessage[];
  readonly lost: readonly RelayedLoss[];
}

/** Most bytes of a batch. One message alone may exceed it. */
export const BATCH_BYTES = 262_144;
/** Most messages of a batch, and topics whose losses it names. */
export const BATCH_MESSAGES = 5_000;
export const BATCH_LOSSES = 100;

const topic = z.string().min(1).max(CHANNEL_LIMITS.topicLength);
const text = z.string().max(CHANNEL_LIMITS.textBytes);
const id = z.string().min(1).max(256);

const batch = z.object({
  from: id,
  tenant: id,
  messages: z.array(z.tuple([topic, text])).max(BATCH_MESSAGES),
  lost: z.array(z.tuple([topic, z.int().min(1)])).max(BATCH_LOSSES),
}) satisfies z.ZodType<Batch>;

/** A batch that is kept elsewhere. Its counts say what is lost if it is not found. */
const reference = z.object({
  from: id,
  kept: z.uuid(),
  tenant: id.optional(),
  counts: z
    .array(z.tuple([topic, z.int().min(1)]))
    .max(BATCH_LOSSES)
    .default([]),
});

export type Reference = z.output<typeof reference>;

/** Most bytes of the counts in a reference. */
const COUNTS_BYTES = 4_000;

/** Writes a batch. JSON has escapes for whatever the database's texts cannot hold. */
export function batchText(given: Batch): string {
  return JSON.stringify(given);
}

/** Writes where a batch is kept that is too large for its address. */
export function referenceText({ from, tenant, messages, lost }: Batch, kept: string): string {
  const totals = new Map<string, number>();
  const add = (name: string, count: number) => totals.set(name, (totals.get(name) ?? 0) + count);
  for (const [name] of messages) add(name, 1);
  for (const [name, count] of lost) add(name, count);
  let bytes = 0;
  const counts = [...totals].slice(0, BATCH_LOSSES).filter((each) => {
    bytes += Buffer.byteLength(JSON.stringify(each)) + 1;
    return bytes <= COUNTS_BYTES;
  });
  return JSON.stringify({ from, kept, tenant, counts });
}

/** Reads what arrives at an address. Returns `undefined` for anything else. */
export function readArrival(given: string): Batch | Reference | undefined {
  const value = parsed(given);
  return batch.safeParse(value).data ?? reference.safeParse(value).data;
}

export function readBatch(given: string): Batch | undefined {
  return batch.safeParse(parsed(given)).data;
}

function parsed(given: string): unknown {
  try {
    return JSON.parse(given);
  } catch {
    return undefined;
  }
}
