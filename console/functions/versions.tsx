import { useEffect, useState } from "preact/hooks";
import type { Client, FunctionInfo } from "../../src/client/client.ts";
import { time } from "../format.ts";
import { Button, Choice } from "../parts/fields.tsx";
import { useAction, useLoaded } from "../parts/loaded.ts";
import { Problem } from "../parts/problem.tsx";
import { Table } from "../parts/table.tsx";
import { changedFiles } from "./diff.ts";

interface Props {
  readonly client: Client;
  readonly known: FunctionInfo;
  readonly onChanged: () => void;
  readonly onEdit: (code: string) => void;
}

/** Shows the versions of a function, and the way back to each. */
export function Versions({ client, known, onChanged, onEdit }: Props) {
  const { name, current, latest } = known;
  const { value: versions } = useLoaded(() => client.functions.versions(name), [name, latest]);
  const { busy, error, act } = useAction();
  const rollback = async (version: number): Promise<void> => {
    await client.functions.rollback(name, version);
    onChanged();
  };
  const edit = async (version: number): Promise<void> => {
    const { files = {}, main } = await client.functions.version(name, version);
    onEdit(files[main] ?? "");
  };
  return (
    <section aria-label="Versions">
      <h2>Versions</h2>
      <Problem error={error} />
      <Table
        label="List of versions"
        columns={["Version", "Deployed", "Calls", "Code"]}
        empty="None"
        rows={(versions ?? []).map(({ version, createdAt }) => [
          `v${version}`,
          time(createdAt),
          version === current ? (
            <strong key="is">current</strong>
          ) : (
            <Button
              key="is"
              disabled={busy}
              label={`Roll back to v${version}`}
              onClick={() => act(() => rollback(version))}
            >
              Roll back
            </Button>
          ),
          <Button key="edit" label={`Edit v${version}`} onClick={() => act(() => edit(version))}>
            Edit
          </Button>,
        ])}
      />
      {latest > 1 && <Compare client={client} name={name} latest={latest} />}
    </section>
  );
}

interface CompareProps {
  readonly client: Client;
  readonly name: string;
  readonly latest: number;
}

/** Shows what differs between the files of two versions. */
function Compare({ client, name, latest }: CompareProps) {
  const [from, setFrom] = useState(latest - 1);
  const [to, setTo] = useState(latest);
  useEffect(() => {
    setFrom(latest - 1);
    setTo(latest);
  }, [latest]);
  const { value, error } = useLoaded(async () => {
    const [before, after] = await Promise.all([
      client.functions.version(name, from),
      client.functions.version(name, to),
    ]);
    return changedFiles(before.files ?? {}, after.files ?? {});
  }, [name, from, to]);
  const options = Array.from({ length: latest }, (_, index) => {
    return [String(index + 1), `v${index + 1}`] as const;
  });
  return (
    <section aria-label="Difference">
      <h2>Difference</h2>
      <div class="row">
        <Choice
          label="From"
          value={String(from)}
          options={options}
          onChange={(version) => setFrom(Number(version))}
        />
        <Choice
          label="To"
          value={String(to)}
          options={options}
          onChange={(version) => setTo(Number(version))}
        />
      </div>
      <Problem error={error} />
      {value?.length === 0 && <p class="muted">Their files are the same.</p>}
      {value?.map(({ path, lines }) => (
        <div key={path}>
          <h3>{path}</h3>
          {/* biome-ignore lint/a11y/noNoninteractiveTabindex: a region that scrolls is reached by the keyboard. */}
          <pre class="diff" tabIndex={0}>
            {lines.map(({ kind, text }, index) => (
              <div key={index} class={kind === "+" ? "added" : kind === "-" ? "removed" : ""}>
                {kind} {text}
              </div>
            ))}
          </pre>
        </div>
      ))}
    </section>
  );
}
