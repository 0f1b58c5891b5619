import { REQUEST_FLAGS, requestOf } from "../code/request-flags.ts";
import { defineCommand } from "../command/define.ts";
import { UsageError } from "../command/errors.ts";
import { serveFolder } from "../dev/serve-folder.ts";
import { clientFor, SERVER_FLAGS, serverOf } from "../profile/server.ts";
import { paintFor } from "../terminal/paint.ts";

const LOCAL = /^(localhost|127(\.\d+){3}|\[::1\])$/;

/** `isolate dev`: deploys what changes in a folder, until it is ended. */
export const dev = defineCommand({
  meta: {
    name: "dev",
    description: "Serves the functions of a folder by a running server, and deploys what changes",
    examples: ["isolate dev functions/", "isolate dev functions/ --net api.example.com"],
  },
  args: {
    folder: {
      type: "positional",
      description: "Has a file or a folder for each: hello.ts, site.http.ts",
      required: true,
    },
    http: { type: "boolean", description: "All of them answer a Request with a Response" },
    remote: { type: "boolean", description: "Allows a server that is not on this machine" },
    ...REQUEST_FLAGS,
    ...SERVER_FLAGS,
  },
  async run({ args, context }) {
    const { folder, http, remote, json } = args;
    const { url } = await serverOf(args, context.env);
    if (!remote && !LOCAL.test(new URL(url).hostname)) {
      throw new UsageError(`${url} is not on this machine: --remote replaces functions there`);
    }
    const client = await clientFor(args, context);
    // Tells at once that nobody answers, or that the key is not good.
    await client.functions.list({ limit: 1 });
    await serveFolder({
      folder,
      url: url.replace(/\/$/, ""),
      client,
      request: requestOf(args),
      isHttp: http,
      json,
      paint: paintFor(process.stdout, context.env),
      context,
    });
  },
});
