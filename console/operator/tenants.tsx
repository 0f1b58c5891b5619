import { useState } from "preact/hooks";
import type { Client, TenantInfo } from "../../src/client/client.ts";
import { jsonField, time } from "../format.ts";
import { Button, Field } from "../parts/fields.tsx";
import { useAction, useLoaded } from "../parts/loaded.ts";
import { Once } from "../parts/once.tsx";
import { Problem } from "../parts/problem.tsx";
import { Table } from "../parts/table.tsx";
import { Keys } from "./keys.tsx";

/** Page with the tenants, for the operator. */
export function Tenants({ client }: { readonly client: Client }) {
  const { value, error, reload } = useLoaded(() => client.admin.tenants({ limit: 100 }), [client]);
  const [shown, setShown] = useState("");
  const tenants = value?.tenants ?? [];
  const after = value?.next;
  return (
    <>
      <h1>Tenants</h1>
      <Problem error={error} />
      <Table
        label="List of tenants"
        columns={["Id", "At once", "Levels", "Made", "State", "Actions"]}
        empty="None yet"
        rows={tenants.map((tenant) => rowOf(tenant, () => setShown(tenant.id)))}
      />
      {after !== undefined && <p class="muted">The first 100 are shown.</p>}
      <NewTenant client={client} onMade={reload} />
      {tenants.some(({ id }) => id === shown) && (
        <Keys key={shown} client={client} tenant={shown} />
      )}
    </>
  );
}

function rowOf(tenant: TenantInfo, onKeys: () => void) {
  return [
    tenant.id,
    tenant.concurrency,
    tenant.sandbox?.join(", ") ?? "the server's",
    time(tenant.createdAt),
    tenant.suspended == null ? "active" : "suspended",
    <Button key="keys" label={`Keys of ${tenant.id}`} onClick={onKeys}>
      Keys
    </Button>,
  ];
}

interface Props {
  readonly client: Client;
  readonly onMade: () => void;
}

/** Makes a tenant and its first key. */
function NewTenant({ client, onMade }: Props) {
  const [id, setId] = useState("");
  const [settings, setSettings] = useState("");
  const [made, setMade] = useState<{ readonly id: string; readonly key: string }>();
  const { busy, error, act } = useAction();
  const make = async (): Promise<void> => {
    const wanted = (jsonField("Settings", settings) ?? {}) as object;
    // Otherwise the settings of a tenant with that id would be replaced.
    await client.admin.putTenant(id, wanted, { isNew: true });
    const { key } = await client.admin.createKey(id);
    setMade({ id, key });
    setId("");
    onMade();
  };
  return (
    <section aria-label="New tenant">
      <h2>New tenant</h2>
      <form
        class="row"
        onSubmit={(event) => {
          event.preventDefault();
          act(make);
        }}
      >
        <Field label="Id" value={id} onChange={setId} required />
        <Field
          label="Settings"
          hint='JSON, such as {"concurrency": 4}'
          value={settings}
          onChange={setSettings}
        />
        <Button main disabled={busy}>
          Make tenant
        </Button>
      </form>
      <Problem error={error} />
      {made !== undefined && (
        <Once secret={made.key} text={`The key of ${made.id}. It is shown this once.`} />
      )}
    </section>
  );
}
