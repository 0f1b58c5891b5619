import { useState } from "preact/hooks";
import type { Execution, ExecutionQuery } from "../../src/client/client.ts";
import { milliseconds, time } from "../format.ts";
import { Button, Choice, Field } from "../parts/fields.tsx";
import { useAction, useLoaded } from "../parts/loaded.ts";
import { Outcome } from "../parts/outcome.tsx";
import { Problem } from "../parts/problem.tsx";
import { Table } from "../parts/table.tsx";
import { Charts } from "./charts.tsx";

const OUTCOMES = [
  ...["ok", "exception", "timeout", "memory", "output_limit", "crash"],
  ...["refused", "failed", "aborted"],
];
/** Every way of an execution: the type tells of a missing one. */
const VIAS = Object.keys({
  execute: true,
  stream: true,
  batch: true,
  async: true,
  invoke: true,
  http: true,
  resolve: true,
  schedule: true,
  mcp: true,
  session: true,
} satisfies Record<Execution["via"], true>);
const PERIODS = [
  ["", "All"],
  ["3600000", "The last hour"],
  ["86400000", "The last day"],
  ["604800000", "The last week"],
] as const;

type Page = { readonly executions: readonly Execution[]; readonly next?: string };

interface Props {
  readonly load: (query: ExecutionQuery) => Promise<Page>;
}

/** Page with past executions, by filters, as a table and as charts. */
export function Executions({ load }: Props) {
  const [filters, setFilters] = useState({ outcome: "", via: "", function: "", period: "" });
  const [more, setMore] = useState<{ readonly of?: Page; readonly pages: readonly Page[] }>({
    pages: [],
  });
  const { period, ...wanted } = filters;
  const query = async (cursor?: string): Promise<Page> => {
    const since = period === "" ? undefined : new Date(Date.now() - Number(period)).toISOString();
    const given = Object.entries({ ...wanted, since, cursor, limit: 200 });
    return load(Object.fromEntries(given.filter(([, value]) => value)) as ExecutionQuery);
  };
  const { value, error, reload } = useLoaded(() => query(), [load, filters]);
  const { busy, error: wrong, act } = useAction();
  if (value === undefined) return <Problem error={error} />;
  // Further pages belong to the first one that they were asked for after.
  const pages = [value, ...(more.of === value ? more.pages : [])];
  const executions = pages.flatMap((page) => page.executions);
  const next = pages.at(-1)?.next;
  const change = (field: keyof typeof filters) => (text: string) =>
    setFilters({ ...filters, [field]: text });
  const all = ["", "All"] as const;
  return (
    <>
      <h1>Executions</h1>
      <div class="row">
        <Choice
          label="Outcome"
          value={filters.outcome}
          options={[all, ...OUTCOMES]}
          onChange={change("outcome")}
        />
        <Choice label="By" value={filters.via} options={[all, ...VIAS]} onChange={change("via")} />
        <Choice
          label="Period"
          value={filters.period}
          options={PERIODS}
          onChange={change("period")}
        />
        <Field label="Function" value={filters.function} onChange={change("function")} />
        <Button onClick={reload}>Refresh</Button>
      </div>
      <Problem error={error ?? wrong} />
      <Charts executions={executions} />
      <Rows executions={executions} />
      {next !== undefined && (
        <Button
          disabled={busy}
          onClick={() =>
            act(async () => setMore({ of: value, pages: [...pages.slice(1), await query(next)] }))
          }
        >
          Show older ones
        </Button>
      )}
    </>
  );
}

function Rows({ executions }: { readonly executions: readonly Execution[] }) {
  return (
    <Table
      label="List of executions"
      columns={["Started", "Outcome", "Function", "By", "Level", "Time", "Processor", "Id"]}
      empty="None"
      rows={executions.map((each) => [
        time(each.startedAt),
        <span key="outcome">
          <Outcome name={each.outcome} /> {each.error}
        </span>,
        each.function === null ? "" : `${each.function} v${each.version ?? "?"}`,
        each.via,
        each.level,
        milliseconds(each.duration),
        each.usage?.cpu == null ? "" : milliseconds(each.usage.cpu),
        <code key="id">{each.id}</code>,
      ])}
    />
  );
}
