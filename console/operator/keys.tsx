import { useState } from "preact/hooks";
import type { Client } from "../../src/client/client.ts";
import { time } from "../format.ts";
import { Button } from "../parts/fields.tsx";
import { useAction, useLoaded } from "../parts/loaded.ts";
import { Once } from "../parts/once.tsx";
import { Problem } from "../parts/problem.tsx";
import { Table } from "../parts/table.tsx";

/** Shows the keys of a tenant, makes some, and revokes them. */
export function Keys({ client, tenant }: { readonly client: Client; readonly tenant: string }) {
  const { value, error, reload } = useLoaded(() => client.admin.keys(tenant), [tenant]);
  const [made, setMade] = useState("");
  const { busy, error: wrong, act } = useAction();
  const change = async (action: () => Promise<unknown>): Promise<void> => {
    await action();
    reload();
  };
  const make = async (): Promise<void> => setMade((await client.admin.createKey(tenant)).key);
  return (
    <section aria-label="Keys">
      <h2>Keys of {tenant}</h2>
      <Problem error={error ?? wrong} />
      <Table
        label="List of keys"
        columns={["Begins with", "May", "Made", "Last used", "Actions"]}
        empty="None"
        rows={(value ?? []).map((key) => [
          <code key="prefix">{key.prefix}</code>,
          key.scopes?.join(", ") ?? "everything",
          time(key.createdAt),
          key.lastUsedAt === null ? "never" : time(key.lastUsedAt),
          <Button
            key="revoke"
            disabled={busy}
            label={`Revoke ${key.prefix}`}
            onClick={() => act(() => change(() => client.admin.revokeKey(tenant, key.id)))}
          >
            Revoke
          </Button>,
        ])}
      />
      <div class="row">
        <Button disabled={busy} onClick={() => act(() => change(make))}>
          Make key
        </Button>
      </div>
      {made !== "" && (
        <Once secret={made} text={`A new key of ${tenant}. It is shown this once.`} />
      )}
    </section>
  );
}
