import type { FunctionLogs } from "../../src/client/client.ts";
import { time } from "../format.ts";

export type Entry = FunctionLogs["logs"][number];

/** Shows log entries, and tells them to screen readers as they arrive. */
export function Log({
  entries,
  label,
}: {
  readonly entries: readonly Entry[];
  readonly label: string;
}) {
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: a region that scrolls is reached by the keyboard.
    <div class="log" role="log" aria-label={label} tabIndex={0}>
      {entries.length === 0 && <p class="muted">Nothing yet</p>}
      {entries.map((entry, index) => (
        <div key={index} class={`entry ${entry.level}`}>
          <time class="muted">{time(entry.timestamp)}</time>
          <span class="level">{entry.level}</span>
          <span class="message">
            {entry.name !== undefined && `${entry.name}: `}
            {entry.message}
            {entry.hint !== undefined && <em> {entry.hint}</em>}
          </span>
        </div>
      ))}
    </div>
  );
}
