import { useState } from "preact/hooks";
import type { Client } from "../../src/client/client.ts";
import { jsonField, time } from "../format.ts";
import { Button, Field } from "../parts/fields.tsx";
import { useAction, useLoaded } from "../parts/loaded.ts";
import { Problem } from "../parts/problem.tsx";
import { Table } from "../parts/table.tsx";

const NEW = { id: "", cron: "0 * * * *", timezone: "UTC", input: "" };

/** Shows the times at which a function is called, and adds some. */
export function Schedules({ client, name }: { readonly client: Client; readonly name: string }) {
  const { value, reload } = useLoaded(() => client.schedules.list(name), [name]);
  const [typed, setTyped] = useState(NEW);
  const { busy, error, act } = useAction();
  const change = (field: keyof typeof NEW) => (text: string) =>
    setTyped({ ...typed, [field]: text });
  const add = async (): Promise<void> => {
    const { id, cron, timezone } = typed;
    const input = jsonField("Input of the schedule", typed.input);
    await client.schedules.put(name, id, { cron, timezone, ...(input !== undefined && { input }) });
    setTyped(NEW);
    reload();
  };
  const remove = async (id: string): Promise<void> => {
    await client.schedules.delete(name, id);
    reload();
  };
  return (
    <section aria-label="Schedules">
      <h2>Schedules</h2>
      <Table
        label="List of schedules"
        columns={["Id", "Times", "Zone", "Next", "Actions"]}
        empty="None"
        rows={(value?.schedules ?? []).map((each) => [
          each.id,
          <code key="cron">{each.cron}</code>,
          each.timezone,
          each.next[0] === undefined ? "paused" : time(each.next[0]),
          <Button
            key="delete"
            disabled={busy}
            label={`Delete schedule ${each.id}`}
            onClick={() => act(() => remove(each.id))}
          >
            Delete
          </Button>,
        ])}
      />
      <form
        class="row"
        aria-label="New schedule"
        onSubmit={(event) => {
          event.preventDefault();
          act(add);
        }}
      >
        <Field label="Schedule" value={typed.id} onChange={change("id")} required />
        <Field label="Cron" value={typed.cron} onChange={change("cron")} required />
        <Field label="Time zone" value={typed.timezone} onChange={change("timezone")} required />
        <Field label="Input of the schedule" value={typed.input} onChange={change("input")} />
        <Button disabled={busy}>Add schedule</Button>
      </form>
      <Problem error={error} />
    </section>
  );
}
