import { useEffect, useState } from "preact/hooks";
import { Connect } from "./account/connect.tsx";
import { PAGES } from "./pages.tsx";
import { Button } from "./parts/fields.tsx";
import { useHash } from "./parts/hash.ts";
import { Problem } from "./parts/problem.tsx";
import { FIRST } from "./run/examples.ts";
import { connect, type Kept, keepKey, keptKey, type Session } from "./session.ts";

/** The whole page. */
export function App() {
  const [session, setSession] = useState<Session>();
  const [error, setError] = useState<unknown>();
  const [draft, setDraft] = useState(FIRST);
  const { page, name } = useHash();
  const begin = (key: string): void => {
    setError(undefined);
    connect(key).then(setSession, setError);
  };
  useEffect(() => begin(keptKey()), []);
  const use = (key: string, kept: Kept): void => {
    keepKey(key, kept);
    location.hash = "";
    begin(key);
  };
  const pages = Object.entries(PAGES).filter(
    ([, { roles }]) => session !== undefined && roles.includes(session.role),
  );
  const [current, shown] = pages.find(([key]) => key === page) ?? pages[0] ?? [];
  return (
    <>
      <header>
        <strong>Isolate</strong>
        <nav aria-label="Pages">
          {pages.map(([key, { title }]) => (
            <a key={key} href={`#${key}`} aria-current={key === current ? "page" : undefined}>
              {title}
            </a>
          ))}
        </nav>
        <a href="docs">API</a>
        {session !== undefined && session.key !== "" && (
          <Button onClick={() => use("", "page")}>Forget key</Button>
        )}
      </header>
      <main>
        <Problem error={error} />
        {session?.role === "unknown" && <Connect isWrong={session.key !== ""} onKey={use} />}
        {session !== undefined && shown?.show({ session, name, draft, onDraft: setDraft })}
      </main>
    </>
  );
}
