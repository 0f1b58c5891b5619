import { useState } from "preact/hooks";
import type { Client } from "../../src/client/client.ts";
import { jsonField } from "../format.ts";
import { Button, Field } from "../parts/fields.tsx";
import { useAction, useLoaded } from "../parts/loaded.ts";
import { Log } from "../parts/log.tsx";
import { AnswerView } from "../parts/outcome.tsx";
import { Problem } from "../parts/problem.tsx";
import { useRun } from "../run/use-run.ts";
import { SERVER } from "../session.ts";
import { FunctionLogs } from "./function-logs.tsx";
import { Schedules } from "./schedules.tsx";
import { Versions } from "./versions.tsx";

interface Props {
  readonly client: Client;
  readonly name: string;
  readonly onEdit: (code: string) => void;
}

/** Page of one function. */
export function FunctionView({ client, name, onEdit }: Props) {
  const { value, error, reload } = useLoaded(async () => {
    const known = await client.functions.get(name);
    return { known, version: await client.functions.version(name, known.current) };
  }, [client, name]);
  const removal = useAction();
  if (value === undefined) return <Problem error={error} />;
  const { known, version } = value;
  const remove = async (): Promise<void> => {
    if (!confirm(`Delete ${name} with all its versions?`)) return;
    await client.functions.delete(name);
    location.hash = "#functions";
  };
  const address = new URL(
    version.url?.replace(/^\//, "") ?? `functions/${encodeURIComponent(name)}/invoke`,
    SERVER,
  ).href;
  return (
    <>
      <h1>{name}</h1>
      <p>
        Version <strong>v{known.current}</strong> is called, at{" "}
        {version.url === undefined ? (
          <code>POST {address}</code>
        ) : (
          <a href={address} target="_blank" rel="noreferrer">
            {address}
          </a>
        )}
        {version.url !== undefined && (version.public ? " by anybody" : " with a key")}
      </p>
      <div class="columns">
        <div>
          {known.kind === "value" && <Call client={client} name={name} />}
          <FunctionLogs client={client} name={name} />
        </div>
        <div>
          <Versions client={client} known={known} onChanged={reload} onEdit={onEdit} />
          <Schedules client={client} name={name} />
          <div class="row">
            <Button onClick={() => removal.act(remove)}>Delete function</Button>
          </div>
          <Problem error={removal.error} />
        </div>
      </div>
    </>
  );
}

function Call({ client, name }: { readonly client: Client; readonly name: string }) {
  const [input, setInput] = useState("");
  const { run, start } = useRun();
  const { error, act } = useAction();
  const call = async (): Promise<void> => {
    const value = jsonField("Input", input);
    const invocation = value === undefined ? {} : { input: value };
    await start((signal) => client.functions.stream(name, invocation, { signal }));
  };
  return (
    <section aria-label="Call">
      <Field label="Input" hint="JSON" rows={2} value={input} onChange={setInput} />
      <Button main disabled={run.running} onClick={() => act(call)}>
        Call
      </Button>
      <Problem error={error ?? run.error} />
      {run.entries.length > 0 && <Log label="Log of the call" entries={run.entries} />}
      {run.answer !== undefined && <AnswerView answer={run.answer} />}
    </section>
  );
}
