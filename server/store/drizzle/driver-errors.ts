import { DrizzleQueryError } from "drizzle-orm";
import { IsolateError } from "../../../src/base/errors.ts";
import {
  StorageFull,
  type StorageRefusal,
  StorageReserved,
  StoreConflict,
  StoreUnavailable,
} from "../contract/store-errors.ts";
import type { StoreParts } from "./store-parts.ts";

/** SQLSTATE class of violated constraints. */
const CONFLICT = /^23/;
/** SQLSTATE classes of malformed statements: a fault of this server that will not pass. */
const MISTAKE = /^(0A|2[0-2]|42)/;

/** SQLSTATE that the triggers of the migration `storage_triggers` raise. */
const FULL = "IS507";
const DISK_FULL = "53100";

/** A malformed statement of this server. */
class StoreMistake extends Error {
  override readonly name = "StoreMistake";
}

type Method = (...args: unknown[]) => Promise<unknown>;

/**
 * Wraps all methods of the parts. They reject with the store's own errors, and `onError` receives
 * each.
 */
export function guarded(parts: StoreParts, onError: (error: Error) => void = () => {}): StoreParts {
  return Object.fromEntries(
    Object.entries(parts).map(([name, part]) => [name, guardedPart(part, onError)]),
  ) as unknown as StoreParts;
}

function guardedPart(part: object, onError: (error: Error) => void): object {
  return Object.fromEntries(
    Object.entries(part as Record<string, Method>).map(([name, method]) => [
      name,
      async (...args: unknown[]) => {
        try {
          return await method(...args);
        } catch (error) {
          const meant = storeError(error);
          onError(meant);
          throw meant;
        }
      },
    ]),
  );
}

/**
 * Converts a driver's error. Drizzle's error quotes the statement with its values, and the server's
 * details quote some. Neither may enter a message or a cause, because both may be logged.
 */
export function storeError(thrown: unknown): Error {
  const error = thrown instanceof DrizzleQueryError ? thrown.cause : thrown;
  if (error instanceof IsolateError || error instanceof StoreMistake) return error;
  if (!(error instanceof Error))
    return new StoreUnavailable(undefined, "It fails without a reason");
  const { code } = error as { code?: unknown };
  const state = typeof code === "string" ? code : "";
  if (state === FULL) return new StorageFull(refusalOf(error));
  if (state === DISK_FULL) return new StorageReserved("The disk of the store is full");
  if (CONFLICT.test(state)) return new StoreConflict("It contradicts what is stored");
  const reason = `${error.message || error.name}${state && ` (${state})`}`;
  const isMistake = MISTAKE.test(state) || error instanceof TypeError;
  if (!isMistake) return new StoreUnavailable(undefined, reason);
  const mistake = new StoreMistake(`The store was asked wrongly: ${reason}`);
  if (error.stack !== undefined) mistake.stack = error.stack;
  return mistake;
}

function refusalOf(error: Error): StorageRefusal {
  return JSON.parse(String((error as { detail?: unknown }).detail)) as StorageRefusal;
}
