import { useState } from "preact/hooks";
import { Button, Choice, Field } from "../parts/fields.tsx";
import { KEPT, type Kept } from "../session.ts";

const TEXTS: Readonly<Record<Kept, string>> = {
  page: "Forget it when the page closes",
  tab: "Keep it for this tab",
  browser: "Keep it in this browser",
};

interface Props {
  readonly isWrong: boolean;
  readonly onKey: (key: string, kept: Kept) => void;
}

/** Takes a key. It stays in memory unless the reader wants it kept. */
export function Connect({ isWrong, onKey }: Props) {
  const [key, setKey] = useState("");
  const [kept, setKept] = useState<Kept>("page");
  return (
    <form
      aria-label="Connect"
      onSubmit={(event) => {
        event.preventDefault();
        onKey(key.trim(), kept);
      }}
    >
      <h1>Your key</h1>
      <p>This server asks for a key: a tenant's, or the operator's.</p>
      {isWrong && (
        <p class="problem" role="alert">
          The server knows no such key.
        </p>
      )}
      <Field label="Key" isSecret value={key} onChange={setKey} required />
      <Choice
        label="After that"
        value={kept}
        options={KEPT.map((each) => [each, TEXTS[each]] as const)}
        onChange={(value) => setKept(value as Kept)}
      />
      <Button main>Connect</Button>
    </form>
  );
}
