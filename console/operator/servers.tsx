import { time } from "../format.ts";
import { Button } from "../parts/fields.tsx";
import { useLoaded } from "../parts/loaded.ts";
import { Problem } from "../parts/problem.tsx";
import { Table } from "../parts/table.tsx";
import type { Session } from "../session.ts";
import { SERVER } from "../session.ts";
import { pools, samples } from "./metrics.ts";

/** Page with the servers of the store, and the pool of this one. */
export function Servers({ session }: { readonly session: Session }) {
  const nodes = useLoaded(
    async () => (session.role === "operator" ? session.client.admin.nodes() : []),
    [session],
  );
  const pool = useLoaded(async () => {
    const { state, metrics } = await stateOf(session.key);
    return { state, pools: pools(samples(metrics)) };
  }, [session]);
  return (
    <>
      <h1>Servers</h1>
      <Button
        onClick={() => {
          nodes.reload();
          pool.reload();
        }}
      >
        Refresh
      </Button>
      <Problem error={nodes.error ?? pool.error} />
      {pool.value !== undefined && (
        <>
          <h2>This server: {pool.value.state}</h2>
          <Table
            label="Pool"
            columns={["Level", "Engine", "Waiting", "Sandboxes"]}
            empty="No level of sandboxes"
            rows={pool.value.pools.map(({ level, up, waiting, states }) => [
              level,
              <span key="up" class={up ? "good" : "bad"}>
                {up ? "up" : "down"}
              </span>,
              waiting,
              Object.entries(states)
                .map(([state, count]) => `${count} ${state}`)
                .join(", "),
            ])}
          />
        </>
      )}
      {session.role === "operator" && (
        <>
          <h2>All servers</h2>
          <Table
            label="Nodes"
            columns={["Address", "Version", "State", "Capacity", "Started", "Seen"]}
            empty="None"
            rows={(nodes.value ?? []).map((node) => [
              node.address,
              node.version,
              node.alive ? (node.draining ? "draining" : "alive") : "gone",
              node.capacity,
              time(node.startedAt),
              time(node.seen),
            ])}
          />
        </>
      )}
    </>
  );
}

/** Asks the server for its state and metrics, which the client has no calls for. */
async function stateOf(key: string): Promise<{ state: string; metrics: string }> {
  const headers: Record<string, string> = key === "" ? {} : { Authorization: `Bearer ${key}` };
  const [ready, metrics] = await Promise.all([
    fetch(`${SERVER}readyz`, { headers }),
    fetch(`${SERVER}metrics`, { headers }),
  ]);
  const { status, reason } = (await ready.json()) as { status: string; reason?: string };
  if (!metrics.ok) throw new Error(`The metrics were answered with status ${metrics.status}`);
  return {
    state: reason === undefined ? status : `${status}: ${reason}`,
    metrics: await metrics.text(),
  };
}
