/** Procedures by tRPC's fetch adapter. */
import { initTRPC, TRPCError } from "@trpc/server";
import { fetchRequestHandler } from "@trpc/server/adapters/fetch";

const t = initTRPC.context<{ user: string | null }>().create({ isDev: false });

const text = (value: unknown): string => {
  if (typeof value !== "string") throw new TRPCError({ code: "BAD_REQUEST", message: "A text, please" });
  return value;
};

const members = t.procedure.use(({ ctx, next }) => {
  if (ctx.user === null) throw new TRPCError({ code: "UNAUTHORIZED" });
  return next({ ctx: { user: ctx.user } });
});

const notes: string[] = [];

const router = t.router({
  greet: t.procedure.input(text).query(({ input }) => `Hello ${input}`),
  notes: t.router({
    list: t.procedure.query(() => notes),
    add: members.input(text).mutation(({ input, ctx }) => {
      notes.push(`${ctx.user}: ${input}`);
      return notes.length;
    }),
  }),
});

export default {
  fetch: (req: Request): Promise<Response> =>
    fetchRequestHandler({
      endpoint: "/trpc",
      req,
      router,
      createContext: ({ req }) => ({ user: req.headers.get("x-user") }),
    }),
};
