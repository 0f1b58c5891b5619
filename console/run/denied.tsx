import type { Answer } from "../../src/client/client.ts";
import { Button } from "../parts/fields.tsx";

type Denial = NonNullable<Answer["denied"]>[number];

interface Props {
  readonly denied: readonly Denial[];
  readonly busy: boolean;
  readonly onGrant: (permission: object) => void;
}

/** Shows what the code tried to reach in vain, each with a button that grants it where that is possible. */
export function Denied({ denied, busy, onGrant }: Props) {
  if (denied.length === 0) return null;
  return (
    <section aria-label="Denied">
      <h2>Denied</h2>
      <ul class="denied">
        {denied.map(({ kind, value, by, code, permission }) => (
          <li key={`${kind} ${value} ${by}`}>
            <code>
              {kind} {value}
            </code>{" "}
            by {by === "worker" ? "the code's Worker" : `the proxy${code ? ` (${code})` : ""}`}{" "}
            {permission === undefined ? (
              <span class="muted">No request is granted this here</span>
            ) : (
              <Button
                disabled={busy}
                label={`Grant ${kind} ${value} and run again`}
                onClick={() => onGrant(permission)}
              >
                Grant it
              </Button>
            )}
          </li>
        ))}
      </ul>
    </section>
  );
}
