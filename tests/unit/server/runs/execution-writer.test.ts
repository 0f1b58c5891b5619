import { describe, expect, it } from "vitest";
import { ExecutionWriter } from "../../../../server/runs/execution-writer.ts";
import type { ExecutionRow } from "../../../../server/store/contract/executions.ts";
import {
  StorageReserved,
  StoreConflict,
  StoreUnavailable,
} from "../../../../server/store/contract/store-errors.ts";
import { until } from "../../../contract/engine-contract.ts";

/** Keeps rows as the store does, until it is set to fail. */
class Ledger {
  readonly batches: ExecutionRow[][] = [];
  fails = false;

  async record(rows: readonly ExecutionRow[]): Promise<void> {
    await new Promise((resolve) => setTimeout(resolve, 1));
    if (this.fails) throw new StoreUnavailable("The store is down");
    if (rows.some(({ level }) => level === "bad")) throw new StoreConflict("No good");
    this.batches.push([...rows]);
  }

  get ids(): string[] {
    return this.batches.flat().map(({ id }) => id);
  }
}

function row(id: number): ExecutionRow {
  return { id: `row ${id}` } as ExecutionRow;
}

function write(audit: ExecutionWriter, from: number, to: number): string[] {
  const ids: string[] = [];
  for (let id = from; id < to; id += 1) {
    audit.expect();
    audit.record(row(id));
    ids.push(`row ${id}`);
  }
  return ids;
}

describe("AuditWriter", () => {
  it("writes rows together, in order, within its delay", async () => {
    const decisions = new Ledger();
    const audit = new ExecutionWriter(decisions, { onError: () => {}, batch: 40 });
    const ids = write(audit, 0, 100);
    expect(decisions.batches).toEqual([]);
    await until(() => decisions.batches.length === 3);
    expect(decisions.ids).toEqual(ids);
    expect(audit.waiting).toBe(0);
  });

  it("writes at once what is flushed, also what came while it wrote", async () => {
    const decisions = new Ledger();
    const audit = new ExecutionWriter(decisions, { onError: () => {}, delay: 60_000 });
    const ids = write(audit, 0, 3);
    const first = audit.flush();
    ids.push(...write(audit, 3, 5));
    await Promise.all([first, audit.flush()]);
    expect(decisions.ids).toEqual(ids);
  });

  it("keeps what a failing store has not taken, is full at last, and loses none", async () => {
    const decisions = new Ledger();
    const errors: unknown[] = [];
    const onError = (error: unknown): number => errors.push(error);
    const audit = new ExecutionWriter(decisions, { onError, capacity: 10, delay: 1 });
    decisions.fails = true;
    const ids = write(audit, 0, 9);
    expect(audit.full).toBe(false);
    audit.expect();
    expect(audit.full).toBe(true);
    audit.forgo();
    ids.push(...write(audit, 9, 10));
    await until(() => errors.length > 1);
    expect(audit.full).toBe(true);
    decisions.fails = false;
    await until(() => audit.waiting === 0);
    expect(decisions.ids).toEqual(ids);
    expect(audit.full).toBe(false);
  });

  it("leaves out a row that the store does not take, and none beside it", async () => {
    const decisions = new Ledger();
    const errors: unknown[] = [];
    const audit = new ExecutionWriter(decisions, { onError: (error) => errors.push(error) });
    const ids = write(audit, 0, 5);
    audit.expect();
    audit.record({ ...row(5), level: "bad" });
    ids.push(...write(audit, 6, 9));
    await audit.flush();
    expect(decisions.ids).toEqual(ids);
    expect(audit.waiting).toBe(0);
    // The error of all together, and of the one.
    expect(errors).toHaveLength(2);
    await Promise.all([write(audit, 9, 11), audit.flush()]);
    expect(decisions.batches.at(-1)).toHaveLength(2);
  });

  it("writes what waits when it is closed, and says what it could not", async () => {
    const decisions = new Ledger();
    const audit = new ExecutionWriter(decisions, { onError: () => {}, delay: 60_000 });
    const ids = write(audit, 0, 2);
    expect(await audit.close(1_000)).toBe(0);
    expect(decisions.ids).toEqual(ids);
    const down = new ExecutionWriter(decisions, { onError: () => {} });
    decisions.fails = true;
    write(down, 0, 4);
    expect(await down.close(150)).toBe(4);
  });

  it("is full by the bytes of its rows, too, until they are written", async () => {
    const decisions = new Ledger();
    decisions.fails = true;
    const audit = new ExecutionWriter(decisions, { onError: () => {}, delay: 1, bytes: 10_000 });
    audit.expect();
    audit.record({ ...row(1), permissions: { read: ["x".repeat(10_000)] } });
    expect(audit.full).toBe(true);
    decisions.fails = false;
    await until(() => audit.waiting === 0);
    expect(audit.full).toBe(false);
  });

  it("leaves out and counts what comes while the store keeps nothing more", async () => {
    const errors: unknown[] = [];
    let dropped = 0;
    let isReserved = true;
    const kept: ExecutionRow[] = [];
    const record = async (rows: readonly ExecutionRow[]): Promise<void> => {
      if (isReserved) throw new StorageReserved("No room");
      kept.push(...rows);
    };
    const onError = (error: unknown) => errors.push(error);
    const onDropped = (rows: number): void => {
      dropped += rows;
    };
    const audit = new ExecutionWriter({ record }, { onError, onDropped, delay: 1, batch: 2 });
    write(audit, 0, 5);
    await audit.flush();
    expect([dropped, errors.length, audit.waiting, audit.full]).toEqual([5, 1, 0, false]);
    isReserved = false;
    write(audit, 5, 6);
    await audit.flush();
    expect(kept.map(({ id }) => id)).toEqual(["row 5"]);
  });
});
