import Koa from "koa";
import inject from "light-my-request";

const app = new Koa();
app.use(async (context, next) => {
  await next();
  context.set("x-took", "1ms");
});
app.use((context) => {
  if (context.path === "/tea") context.body = { path: context.path, query: context.query };
});

export default async () => {
  const tea = await inject(app.callback(), "/tea?n=2");
  const missing = await inject(app.callback(), "/none");
  return [tea.json(), tea.headers["x-took"], missing.statusCode, missing.body];
};
