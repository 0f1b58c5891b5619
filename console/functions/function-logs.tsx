import { useEffect, useRef, useState } from "preact/hooks";
import type { Client } from "../../src/client/client.ts";
import { Button } from "../parts/fields.tsx";
import { type Entry, Log } from "../parts/log.tsx";
import { Problem } from "../parts/problem.tsx";

/** Most entries that are shown. */
const SHOWN = 1_000;

/** Shows what a function logs, from the click on. */
export function FunctionLogs({ client, name }: { readonly client: Client; readonly name: string }) {
  const [entries, setEntries] = useState<readonly Entry[]>([]);
  const [error, setError] = useState<unknown>();
  const [follows, setFollows] = useState(false);
  const controller = useRef<AbortController>(undefined);
  useEffect(() => () => controller.current?.abort(), []);
  const follow = async (): Promise<void> => {
    const own = new AbortController();
    controller.current = own;
    setFollows(true);
    setError(undefined);
    try {
      const { signal } = own;
      for await (const { logs } of client.functions.logs(name, { follow: true, signal })) {
        setEntries((known) => [...known, ...logs].slice(-SHOWN));
      }
    } catch (reason) {
      if (!own.signal.aborted) setError(reason);
    }
    setFollows(false);
  };
  return (
    <section aria-label="Logs">
      <h2>Logs</h2>
      <div class="row">
        <Button disabled={follows} onClick={follow}>
          Follow
        </Button>
        <Button disabled={!follows} onClick={() => controller.current?.abort()}>
          Stop following
        </Button>
        {follows && (
          <span class="muted" role="status">
            following
          </span>
        )}
      </div>
      <Log label="Followed logs" entries={entries} />
      <Problem error={error} />
    </section>
  );
}
