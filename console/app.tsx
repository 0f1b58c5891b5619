import { useEffect, useState } from "preact/hooks";
import { Connect } from "./account/connect.tsx";
import { Button } from "./parts/fields.tsx";
import { Problem } from "./parts/problem.tsx";
import { EXAMPLES, FIRST } from "./run/examples.ts";
import { RunView } from "./run/run-view.tsx";
import { connect, keepKey, keptKey, type Role, type Session } from "./session.ts";

void EXAMPLES;

/** Pages by the role of the key, in the order of the menu. */
const PAGES: Readonly<Record<Role, readonly string[]>> = {
  open: ["run"],
  tenant: ["run"],
  operator: [],
  unknown: [],
};

/** The whole page. */
export function App() {
  const [session, setSession] = useState<Session>();
  const [error, setError] = useState<unknown>();
  const [draft, setDraft] = useState(FIRST);
  useEffect(() => {
    connect(keptKey()).then(setSession, setError);
  }, []);
  if (session === undefined) return <Problem error={error} />;
  return (
    <>
      <header>
        <strong>Isolate</strong>
        <nav aria-label="Pages">{PAGES[session.role].join(" ")}</nav>
        {session.key !== "" && <Button onClick={() => keepKey("", "page")}>Forget key</Button>}
      </header>
      <main>
        {session.role === "unknown" ? (
          <Connect
            isWrong={session.key !== ""}
            onKey={(key, kept) => {
              keepKey(key, kept);
              connect(key).then(setSession, setError);
            }}
          />
        ) : (
          <RunView client={session.client} draft={draft} onDraft={setDraft} />
        )}
      </main>
    </>
  );
}
