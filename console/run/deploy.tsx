import { useState } from "preact/hooks";
import type { Client } from "../../src/client/client.ts";
import { Button, Choice, Field } from "../parts/fields.tsx";
import { useAction } from "../parts/loaded.ts";
import { Problem } from "../parts/problem.tsx";
import { type Draft, deploymentOf } from "./draft.ts";

const KINDS = [
  ["value", "Called with a value"],
  ["http", "Answers HTTP requests"],
] as const;

/** Deploys what is typed as a function, and goes to the function's page. */
export function Deploy({ client, draft }: { readonly client: Client; readonly draft: Draft }) {
  const [name, setName] = useState("");
  const [kind, setKind] = useState("value");
  const [isPublic, setPublic] = useState(false);
  const { busy, error, act } = useAction();
  const deploy = async (): Promise<void> => {
    const http = kind === "http" ? { kind, public: isPublic } : {};
    await client.functions.deploy(name, { ...deploymentOf(draft), ...http } as never);
    location.hash = `#functions/${encodeURIComponent(name)}`;
  };
  return (
    <form
      class="row"
      aria-label="Deploy"
      onSubmit={(event) => {
        event.preventDefault();
        act(deploy);
      }}
    >
      <Field label="Function" value={name} onChange={setName} required />
      <Choice label="Kind" value={kind} options={KINDS} onChange={setKind} />
      {kind === "http" && (
        <label class="check">
          <input
            type="checkbox"
            checked={isPublic}
            onChange={(event) => setPublic((event.target as HTMLInputElement).checked)}
          />
          Anybody may call it
        </label>
      )}
      <Button disabled={busy}>Deploy</Button>
      <Problem error={error} />
    </form>
  );
}
