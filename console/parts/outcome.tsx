import type { Answer } from "../../src/client/client.ts";
import { bytes, json, milliseconds } from "../format.ts";

/** Shows how an execution ended, by a word and a colour. */
export function Outcome({ name }: { readonly name: string }) {
  return <span class={`outcome ${name === "ok" ? "good" : "bad"}`}>{name}</span>;
}

/** Shows an answer: result, outcome and what it took. */
export function AnswerView({ answer }: { readonly answer: Answer }) {
  const { usage } = answer;
  const figures: [string, string][] = [
    ["Time", milliseconds(answer.duration)],
    ["Processor", usage.cpu === null ? "not known" : milliseconds(usage.cpu)],
    ["Waited", milliseconds(usage.queued)],
    ["Most memory", usage.peakMemory === null ? "not known" : bytes(usage.peakMemory)],
    ["Network", bytes(usage.egressBytes)],
    ["New", usage.fresh ?? "not known"],
  ];
  return (
    <section aria-label="Answer">
      <h2>
        Result <Outcome name={answer.outcome} />
      </h2>
      {answer.ok && (
        // biome-ignore lint/a11y/noNoninteractiveTabindex: a region that scrolls is reached by the keyboard.
        <pre class="result" data-testid="result" tabIndex={0}>
          {json(answer.result)}
        </pre>
      )}
      <dl class="figures">
        {figures.map(([name, value]) => (
          <div key={name}>
            <dt>{name}</dt>
            <dd>{value}</dd>
          </div>
        ))}
      </dl>
      {answer.warnings?.map((warning) => (
        <p key={warning} class="warning">
          {warning}
        </p>
      ))}
      <p class="muted">
        Execution <code>{answer.id}</code>
      </p>
    </section>
  );
}
