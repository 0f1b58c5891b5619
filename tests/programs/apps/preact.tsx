/** Pages by Preact on the server. */
/** @jsxRuntime automatic @jsxImportSource preact */
import { createContext, type ComponentChildren } from "preact";
import { useContext, useMemo, useState } from "preact/hooks";
import { renderToString } from "preact-render-to-string";

const Currency = createContext("EUR");

function Price({ value }: { value: number }) {
  const currency = useContext(Currency);
  const format = useMemo(() => new Intl.NumberFormat("en-US", { style: "currency", currency }), [currency]);
  return <b style={{ color: value > 100 ? "red" : "green" }}>{format.format(value)}</b>;
}

function Page({ title, children }: { title: string; children: ComponentChildren }) {
  const [count] = useState(() => title.length);
  return (
    <main data-count={count}>
      <h1>{title}</h1>
      {children}
    </main>
  );
}

export default function handler(request: Request): Response {
  const { searchParams } = new URL(request.url);
  const prices = searchParams.getAll("price").map(Number);
  const html = renderToString(
    <Currency.Provider value={searchParams.get("currency") ?? "EUR"}>
      <Page title={'Prices & "more"'}>
        {prices.map((value) => (
          <Price key={value} value={value} />
        ))}
      </Page>
    </Currency.Provider>,
  );
  return new Response(`<!doctype html>${html}`, { headers: { "content-type": "text/html; charset=utf-8" } });
}
