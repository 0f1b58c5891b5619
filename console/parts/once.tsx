import { useState } from "preact/hooks";
import { Button } from "./fields.tsx";

/** Shows a new key, which nobody can read again. */
export function Once({ secret, text }: { readonly secret: string; readonly text: string }) {
  const [copied, setCopied] = useState(false);
  return (
    <div class="secret" role="status">
      <p>{text}</p>
      <code data-testid="new-key">{secret}</code>{" "}
      <Button onClick={() => navigator.clipboard?.writeText(secret).then(() => setCopied(true))}>
        {copied ? "Copied" : "Copy"}
      </Button>
    </div>
  );
}
