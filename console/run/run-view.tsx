import { useState } from "preact/hooks";
import type { Client } from "../../src/client/client.ts";
import { Editor } from "../parts/editor.tsx";
import { Button, Choice, Field } from "../parts/fields.tsx";
import { useAction } from "../parts/loaded.ts";
import { Log } from "../parts/log.tsx";
import { AnswerView } from "../parts/outcome.tsx";
import { Problem } from "../parts/problem.tsx";
import { Denied } from "./denied.tsx";
import { Deploy } from "./deploy.tsx";
import { type Draft, granted, requestOf } from "./draft.ts";
import { EXAMPLES } from "./examples.ts";
import { useRun } from "./use-run.ts";
import { type Plan, Walls } from "./walls.tsx";

interface Props {
  readonly client: Client;
  readonly draft: Draft;
  readonly onDraft: (draft: Draft) => void;
}

/** Page on which code is written, run, and deployed. */
export function RunView({ client, draft, onDraft }: Props) {
  const { run, start, stop } = useRun();
  const [plan, setPlan] = useState<Plan>();
  const { error, act } = useAction();
  const execute = async (wanted: Draft): Promise<void> => {
    const request = requestOf(wanted);
    await start((signal) => client.stream(request, { signal }));
  };
  const grant = async (permission: object): Promise<void> => {
    const next = { ...draft, permissions: granted(draft.permissions, permission) };
    onDraft(next);
    await execute(next);
  };
  const change = (field: keyof Draft) => (value: string) => onDraft({ ...draft, [field]: value });
  return (
    <div class="columns">
      <section aria-label="Code">
        <h1>Run code</h1>
        <Choice
          label="Example"
          value={Object.keys(EXAMPLES).find((name) => EXAMPLES[name]?.code === draft.code) ?? ""}
          options={[["", "Your own"], ...Object.keys(EXAMPLES)]}
          onChange={(name) => onDraft(EXAMPLES[name] ?? draft)}
        />
        <Editor
          label="Code"
          value={draft.code}
          onChange={change("code")}
          onRun={() => act(() => execute(draft))}
        />
        <p class="muted">Ctrl+Enter runs it. Escape, then Tab, leaves the editor.</p>
        <div class="row">
          <Button main disabled={run.running} onClick={() => act(() => execute(draft))}>
            Run
          </Button>
          <Button disabled={!run.running} onClick={stop}>
            Stop
          </Button>
          <Button onClick={() => act(async () => setPlan(await client.plan(requestOf(draft))))}>
            Show plan
          </Button>
        </div>
        <Field label="Input" hint="JSON" rows={2} value={draft.input} onChange={change("input")} />
        <Field
          label="Permissions"
          hint='JSON, such as {"net": ["example.com:443"]}. Empty: nothing is reachable.'
          rows={2}
          value={draft.permissions}
          onChange={change("permissions")}
        />
        <Field
          label="Packages"
          hint='JSON, such as {"zod": "^4"}'
          value={draft.dependencies}
          onChange={change("dependencies")}
        />
        <Field label="Secrets" hint="Names" value={draft.secrets} onChange={change("secrets")} />
        <Deploy client={client} draft={draft} />
      </section>
      <div>
        <Problem error={error} />
        <h2>
          Log{" "}
          {run.running && (
            <span class="muted" role="status">
              {run.stage === undefined || run.stage === "ready"
                ? "running"
                : `packages: ${run.stage}`}
            </span>
          )}
        </h2>
        <Log label="Log" entries={run.entries} />
        <Problem error={run.error} />
        <Denied
          denied={run.denied}
          busy={run.running}
          onGrant={(permission) => act(() => grant(permission))}
        />
        {run.answer !== undefined && <AnswerView answer={run.answer} />}
        {plan !== undefined && <Walls plan={plan} />}
      </div>
    </div>
  );
}
