import type { Client, OwnTenant } from "../../src/client/client.ts";
import { bytes, json, milliseconds, time } from "../format.ts";
import { useLoaded } from "../parts/loaded.ts";
import { Problem } from "../parts/problem.tsx";
import { Table } from "../parts/table.tsx";

/** Page with what the tenant has used, beside its limits. */
export function Usage({ client }: { readonly client: Client }) {
  const tenant = useLoaded(() => client.tenant(), [client]);
  const usage = useLoaded(() => client.usage(), [client]);
  return (
    <>
      <h1>Usage{tenant.value !== undefined && ` of ${tenant.value.id}`}</h1>
      <Problem error={tenant.error ?? usage.error} />
      {tenant.value !== undefined && <Today tenant={tenant.value} />}
      {usage.value !== undefined && (
        <>
          <h2>
            From {usage.value.from} to {usage.value.to}
          </h2>
          <Table
            label="Usage by day"
            columns={["Day", "Executions", "Processor", "Network", "Results"]}
            empty="Nothing was run"
            rows={usage.value.groups.map((group) => [
              group.day,
              group.executions,
              milliseconds(group.cpu),
              bytes(group.egressBytes),
              bytes(group.bytesOut),
            ])}
          />
        </>
      )}
      {tenant.value !== undefined && <Limits tenant={tenant.value} />}
    </>
  );
}

function Today({ tenant: { used, budget } }: { readonly tenant: OwnTenant }) {
  const { storage } = used;
  return (
    <section aria-label="Today">
      <h2>Today, until {time(used.resetsAt)}</h2>
      <Meter name="Executions" used={used.executions} limit={budget?.executions} show={String} />
      <Meter name="Processor time" used={used.cpu} limit={budget?.cpu} show={milliseconds} />
      <Meter name="Storage" used={storage.bytes} limit={storage.limit} show={bytes} />
    </section>
  );
}

interface MeterProps {
  readonly name: string;
  readonly used: number;
  readonly limit: number | undefined;
  readonly show: (value: number) => string;
}

function Meter({ name, used, limit, show }: MeterProps) {
  const text =
    limit === undefined ? `${show(used)}, without a limit` : `${show(used)} of ${show(limit)}`;
  return (
    <div>
      {name}: {text}
      {limit !== undefined && limit > 0 && (
        <meter
          aria-label={name}
          min={0}
          max={limit}
          high={limit * 0.8}
          value={Math.min(used, limit)}
        >
          {text}
        </meter>
      )}
    </div>
  );
}

function Limits({ tenant }: { readonly tenant: OwnTenant }) {
  const { id: _id, used: _used, ...limits } = tenant;
  return (
    <section aria-label="Limits">
      <h2>Limits</h2>
      <Table
        label="List of limits"
        columns={["Limit", "Value"]}
        empty="The server's own"
        rows={Object.entries(limits)
          .filter(([, value]) => value !== undefined && value !== null)
          .map(([name, value]) => [
            name,
            <code key="value">{typeof value === "object" ? json(value) : String(value)}</code>,
          ])}
      />
    </section>
  );
}
