import type { Client } from "../../src/client/client.ts";
import { bytes } from "../format.ts";

export type Plan = Awaited<ReturnType<Client["plan"]>>;

const LISTS = ["net", "read", "write", "env", "sys"] as const;
const NAMES = {
  net: "Network",
  read: "Files to read",
  write: "Files to write",
  env: "Variables",
  sys: "Facts of the machine",
};

/** Draws a plan: what gets through the first wall, the Worker, and what through the second, outside the sandbox. */
export function Walls({ plan }: { readonly plan: Plan }) {
  return (
    <section aria-label="Plan">
      <h2>Plan</h2>
      {plan.refusals.map(({ field, message }) => (
        <p key={field} class="problem">
          Refused: <code>{field}</code> {message}
        </p>
      ))}
      <div class="walls">
        <div class="inside">Your code</div>
        <Worker plan={plan} />
        <Outside plan={plan} />
      </div>
      {plan.warnings.map((warning) => (
        <p key={warning} class="warning">
          {warning}
        </p>
      ))}
    </section>
  );
}

function Worker({ plan: { worker, level } }: { readonly plan: Plan }) {
  return (
    <div class="wall">
      <h3>{level === "none" ? "No wall: level none" : "First wall: the Worker"}</h3>
      <ul>
        {LISTS.map((name) => (
          <Gate key={name} name={NAMES[name]} open={shown(worker[name])} />
        ))}
        <Gate name="Programs, libraries, imports" open={[]} />
      </ul>
    </div>
  );
}

function Outside({ plan }: { readonly plan: Plan }) {
  const { container, egress, database, level } = plan;
  return (
    <div class="wall">
      <h3>
        {container === null ? `No second wall: level ${level}` : "Second wall: container and proxy"}
      </h3>
      <ul>
        {(container !== null || egress !== null) && (
          <Gate name="Proxy lets through" open={egress?.allow ?? []} />
        )}
        {database !== null && <Gate name="Database" open={database.hosts} />}
        {container !== null && <Container {...{ container }} />}
        <li>
          {plan.profile.memory} MB memory, {plan.profile.cpus} cores
        </li>
      </ul>
    </div>
  );
}

function Container({ container }: { readonly container: NonNullable<Plan["container"]> }) {
  const facts = [
    `User ${container.user}`,
    `Network: ${container.network.mode}`,
    container.readOnlyRoot ? "Root file system is read-only" : "Root file system is writable",
    container.seccomp === null
      ? "No filter of system calls"
      : `${container.seccomp.allowed} system calls`,
    `No capability of ${container.capabilitiesDropped.join(", ") || "none"}`,
    `${container.pids} processes and threads`,
    `Swap ${bytes(container.swap * 1_048_576)}`,
  ];
  return (
    <>
      <Gate name="Mounted" open={Object.keys(container.mounts)} />
      {facts.map((fact) => (
        <li key={fact}>{fact}</li>
      ))}
    </>
  );
}

/** Shows one thing at a wall: closed, or open for a list. */
function Gate({ name, open }: { readonly name: string; readonly open: readonly string[] }) {
  return (
    <li class={open.length === 0 ? "closed" : "open"}>
      {name}: {open.length === 0 ? "closed" : <code>{open.join(", ")}</code>}
    </li>
  );
}

/** Leaves out loopback ports of tunnels, which are the sandbox's own. */
function shown(list: readonly string[]): readonly string[] {
  return list.filter((entry) => !/^127\.0\.0\.1:6\d{4}$/.test(entry));
}
