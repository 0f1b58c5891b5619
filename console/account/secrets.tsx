import { useState } from "preact/hooks";
import type { Client } from "../../src/client/client.ts";
import { time } from "../format.ts";
import { Button, Field } from "../parts/fields.tsx";
import { useAction, useLoaded } from "../parts/loaded.ts";
import { Problem } from "../parts/problem.tsx";
import { Table } from "../parts/table.tsx";

/** Page with the tenant's secrets, whose values are written and never shown. */
export function Secrets({ client }: { readonly client: Client }) {
  const { value, error, reload } = useLoaded(() => client.secrets.list(), [client]);
  const [name, setName] = useState("");
  const [text, setText] = useState("");
  const { busy, error: wrong, act } = useAction();
  const change = async (action: () => Promise<unknown>): Promise<void> => {
    await action();
    setText("");
    reload();
  };
  return (
    <>
      <h1>Secrets</h1>
      <Problem error={error ?? wrong} />
      <Table
        label="List of secrets"
        columns={["Name", "Version", "Written", "Actions"]}
        empty="None"
        rows={(value?.secrets ?? []).map((each) => [
          <code key="name">{each.name}</code>,
          each.version,
          time(each.updatedAt),
          <Button
            key="delete"
            disabled={busy}
            label={`Delete secret ${each.name}`}
            onClick={() => act(() => change(() => client.secrets.delete(each.name)))}
          >
            Delete
          </Button>,
        ])}
      />
      <form
        class="row"
        aria-label="Secret"
        onSubmit={(event) => {
          event.preventDefault();
          act(() => change(() => client.secrets.put(name, text)));
        }}
      >
        <Field label="Name" value={name} onChange={setName} required />
        <Field label="Value" value={text} onChange={setText} isSecret required />
        <Button disabled={busy}>Write secret</Button>
      </form>
    </>
  );
}
