import type { Client } from "../../src/client/client.ts";
import { time } from "../format.ts";
import { useLoaded } from "../parts/loaded.ts";
import { Problem } from "../parts/problem.tsx";
import { Table } from "../parts/table.tsx";

/** Page with the functions of the tenant. */
export function FunctionList({ client }: { readonly client: Client }) {
  const { value, error } = useLoaded(() => client.functions.list({ limit: 100 }), [client]);
  return (
    <>
      <h1>Functions</h1>
      <Problem error={error} />
      {value !== undefined && (
        <Table
          label="Functions"
          columns={["Name", "Kind", "Current", "Latest", "Changed"]}
          empty="None yet. Write code on the page Run, and deploy it there."
          rows={value.functions.map((each) => [
            <a key="name" href={`#functions/${encodeURIComponent(each.name)}`}>
              {each.name}
            </a>,
            each.kind,
            `v${each.current}`,
            `v${each.latest}`,
            time(each.updatedAt),
          ])}
        />
      )}
      {value?.next !== undefined && <p class="muted">The first 100 are shown.</p>}
    </>
  );
}
