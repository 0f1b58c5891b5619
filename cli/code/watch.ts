import { once } from "node:events";
import { watch } from "node:fs";
import { basename, dirname } from "node:path";

/** Milliseconds for which changes of one save are taken together. */
const SETTLE = 60;

/**
 * Yields at first, and after each change of the files. A yielded signal aborts at the next change. Folders
 * are watched, because editors replace files.
 */
export async function* changesOf(
  files: readonly string[],
  signal: AbortSignal,
): AsyncGenerator<AbortSignal, void> {
  const names = new Set(files.map((file) => basename(file)));
  let current = new AbortController();
  let timer: NodeJS.Timeout | undefined;
  const watchers = [...new Set(files.map(dirname))].map((folder) =>
    watch(folder, (_event, name) => {
      if (name !== null && !names.has(name)) return;
      clearTimeout(timer);
      timer = setTimeout(() => current.abort(), SETTLE);
    }),
  );
  try {
    for (;;) {
      signal.throwIfAborted();
      yield current.signal;
      const either = AbortSignal.any([signal, current.signal]);
      if (!either.aborted) await once(either, "abort");
      current = new AbortController();
    }
  } finally {
    clearTimeout(timer);
    for (const each of watchers) each.close();
  }
}
