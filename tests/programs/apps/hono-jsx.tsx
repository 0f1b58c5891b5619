/** Pages by Hono's JSX on the server. */
/** @jsxRuntime automatic @jsxImportSource hono/jsx */
import { Hono } from "hono";
import type { FC, PropsWithChildren } from "hono/jsx";
import { jsxRenderer } from "hono/jsx-renderer";

const app = new Hono();

app.use(
  jsxRenderer(({ children }: PropsWithChildren) => (
    <html lang="en">
      <body>{children}</body>
    </html>
  )),
);

const Item: FC<{ name: string; done?: boolean }> = ({ name, done }) => <li class={done ? "done" : ""}>{name}</li>;

const Later: FC = async () => {
  await new Promise((resolve) => setTimeout(resolve, 1));
  return <em>later</em>;
};

app.get("/", (c) => {
  const names = c.req.queries("item") ?? [];
  return c.render(
    <>
      <h1>{names.length} things</h1>
      <ul>
        {names.map((name, i) => (
          <Item name={name} done={i === 0} />
        ))}
      </ul>
      <Later />
    </>,
  );
});

export default app;
