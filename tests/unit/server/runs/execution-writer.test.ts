import { describe, expect, it } from "vitest";
import { ExecutionWriter } from "../../../../server/runs/execution-writer.ts";
import type { RecordedExecution } from "../../../../server/store/contract/executions.ts";
import {
  StorageReserved,
  StoreConflict,
  StoreUnavailable,
} from "../../../../server/store/contract/store-errors.ts";
import { until } from "../../../contract/engine-contract.ts";

/** Keeps rows as the store does, until it is set to fail. */
class Ledger {
  readonly batches: RecordedExecution[][] = [];
  fails = false;

  async record(rows: readonly RecordedExecution[]): Promise<void> {
    await new Promise((resolve) => setTimeout(resolve, 1));
    if (this.fails) throw new StoreUnavailable("The store is down");
    if (rows.some(({ level }) => level === "bad")) throw new StoreConflict("No good");
    this.batches.push([...rows]);
  }

  get ids(): string[] {
    return this.batches.flat().map(({ id }) => id);
  }
}

function row(id: number): RecordedExecution {
  return { id: `row ${id}` } as RecordedExecution;
}

function write(writer: ExecutionWriter, from: number, to: number): string[] {
  const ids: string[] = [];
  for (let id = from; id < to; id += 1) {
    writer.expect();
    writer.record(row(id));
    ids.push(`row ${id}`);
  }
  return ids;
}

describe("ExecutionWriter", () => {
  it("writes rows together, in order, within its delay", async () => {
    const decisions = new Ledger();
    const writer = new ExecutionWriter(decisions, { onError: () => {}, batch: 40 });
    const ids = write(writer, 0, 100);
    expect(decisions.batches).toEqual([]);
    await until(() => decisions.batches.length === 3);
    expect(decisions.ids).toEqual(ids);
    expect(writer.waiting).toBe(0);
  });

  it("collects for longer while more comes, and writes at once what fills a write", async () => {
    const decisions = new Ledger();
    const options = { onError: () => {}, delay: 5, longestDelay: 60_000, batch: 50 };
    const writer = new ExecutionWriter(decisions, options);
    // Few rows are written soon. Many at once tell of more to come.
    write(writer, 0, 40);
    await until(() => writer.waiting === 0);
    write(writer, 40, 79);
    await writer.flush();
    expect(decisions.batches).toHaveLength(2);
    write(writer, 79, 119);
    await new Promise((resolve) => setTimeout(resolve, 100));
    expect(decisions.batches).toHaveLength(2);
    write(writer, 119, 129);
    await until(() => decisions.batches.length === 3);
    expect(decisions.batches.at(-1)).toHaveLength(50);
  });

  it("writes at once what is flushed, also what came while it wrote", async () => {
    const decisions = new Ledger();
    const writer = new ExecutionWriter(decisions, { onError: () => {}, delay: 60_000 });
    const ids = write(writer, 0, 3);
    const first = writer.flush();
    ids.push(...write(writer, 3, 5));
    await Promise.all([first, writer.flush()]);
    expect(decisions.ids).toEqual(ids);
  });

  it("keeps what a failing store has not taken, is full at last, and loses none", async () => {
    const decisions = new Ledger();
    const errors: unknown[] = [];
    const onError = (error: unknown): number => errors.push(error);
    const writer = new ExecutionWriter(decisions, { onError, capacity: 10, delay: 1 });
    decisions.fails = true;
    const ids = write(writer, 0, 9);
    expect(writer.full).toBe(false);
    writer.expect();
    expect(writer.full).toBe(true);
    writer.forgo();
    ids.push(...write(writer, 9, 10));
    await until(() => errors.length > 1);
    expect(writer.full).toBe(true);
    decisions.fails = false;
    await until(() => writer.waiting === 0);
    expect(decisions.ids).toEqual(ids);
    expect(writer.full).toBe(false);
  });

  it("leaves out a row that the store does not take, and none beside it", async () => {
    const decisions = new Ledger();
    const errors: unknown[] = [];
    const writer = new ExecutionWriter(decisions, { onError: (error) => errors.push(error) });
    const ids = write(writer, 0, 5);
    writer.expect();
    writer.record({ ...row(5), level: "bad" });
    ids.push(...write(writer, 6, 9));
    await writer.flush();
    expect(decisions.ids).toEqual(ids);
    expect(writer.waiting).toBe(0);
    // The error of all together, and of the one.
    expect(errors).toHaveLength(2);
    await Promise.all([write(writer, 9, 11), writer.flush()]);
    expect(decisions.batches.at(-1)).toHaveLength(2);
  });

  it("writes what waits when it is closed, and says what it could not", async () => {
    const decisions = new Ledger();
    const writer = new ExecutionWriter(decisions, { onError: () => {}, delay: 60_000 });
    const ids = write(writer, 0, 2);
    expect(await writer.close(1_000)).toBe(0);
    expect(decisions.ids).toEqual(ids);
    const down = new ExecutionWriter(decisions, { onError: () => {} });
    decisions.fails = true;
    write(down, 0, 4);
    expect(await down.close(150)).toBe(4);
  });

  it("is full by the bytes of its rows, too, until they are written", async () => {
    const decisions = new Ledger();
    decisions.fails = true;
    const writer = new ExecutionWriter(decisions, { onError: () => {}, delay: 1, bytes: 10_000 });
    writer.expect();
    writer.record({ ...row(1), permissions: { read: ["x".repeat(10_000)] } });
    expect(writer.full).toBe(true);
    decisions.fails = false;
    await until(() => writer.waiting === 0);
    expect(writer.full).toBe(false);
  });

  it("leaves out and counts what comes while the store keeps nothing more", async () => {
    const errors: unknown[] = [];
    let dropped = 0;
    let isReserved = true;
    const kept: RecordedExecution[] = [];
    const record = async (rows: readonly RecordedExecution[]): Promise<void> => {
      if (isReserved) throw new StorageReserved("No room");
      kept.push(...rows);
    };
    const onError = (error: unknown) => errors.push(error);
    const onDropped = (rows: number): void => {
      dropped += rows;
    };
    const writer = new ExecutionWriter({ record }, { onError, onDropped, delay: 1, batch: 2 });
    write(writer, 0, 5);
    await writer.flush();
    expect([dropped, errors.length, writer.waiting, writer.full]).toEqual([5, 1, 0, false]);
    isReserved = false;
    write(writer, 5, 6);
    await writer.flush();
    expect(kept.map(({ id }) => id)).toEqual(["row 5"]);
  });

  it("writes logs a few megabytes at a time, and leaves out what a tenant may not have wait", async () => {
    const decisions = new Ledger();
    const writer = new ExecutionWriter(decisions, { onError: () => {}, delay: 60_000 });
    const add = (id: number, tenant: string, length: number): void => {
      writer.expect();
      const entries = JSON.stringify(["x".repeat(length)]);
      const logs = { entries, count: 1, dropped: 2, level: 0, most: 1, server: "s" };
      writer.record({ ...row(id), tenant, logs });
    };
    // A tenant has at most as much wait as it leaves to others: half of 32 MiB.
    for (let id = 0; id < 20; id += 1) add(id, "flood", 1_000_000);
    add(20, "other", 1_000_000);
    expect(writer.full).toBe(false);
    await writer.flush();
    const rows = decisions.batches.flat();
    expect(rows.map(({ id }) => id)).toEqual(Array.from({ length: 21 }, (_, n) => `row ${n}`));
    const kept = rows.filter(({ logs }) => logs?.count === 1).map(({ id }) => id);
    expect(kept).toEqual([...Array.from({ length: 16 }, (_, n) => `row ${n}`), "row 20"]);
    expect(rows[16]?.logs).toMatchObject({ entries: "[]", count: 0, dropped: 3, level: -1 });
    expect(Math.max(...decisions.batches.map((batch) => batch.length))).toBeLessThan(10);
    // Its room is free again.
    add(21, "flood", 16_000_000);
    await writer.flush();
    expect(decisions.batches.at(-1)?.[0]?.logs?.count).toBe(1);
  });
});
