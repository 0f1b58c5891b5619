import { readProject } from "../code/project-files.ts";
import { REQUEST_FLAGS, requestOf } from "../code/request-flags.ts";
import { defineCommand } from "../command/define.ts";
import { UsageError } from "../command/errors.ts";
import { clientFor, SERVER_FLAGS, serverOf } from "../profile/server.ts";
import { note, print, printJson } from "../terminal/print.ts";
import { during } from "../terminal/progress.ts";
import { visible } from "../terminal/visible.ts";

/** `isolate deploy`: makes a new version of a function. */
export const deploy = defineCommand({
  meta: {
    name: "deploy",
    description: "Deploys a file with its relative imports, or a folder, as a function",
    examples: [
      "isolate deploy greet greet.ts",
      "isolate deploy site web/ --http --public",
      "isolate deploy prices prices.ts --net api.example.com --timeout 10s",
    ],
  },
  args: {
    name: { type: "positional", description: "Name of the function", required: true },
    path: { type: "positional", description: "File or folder", required: true },
    main: { type: "string", description: "File of the folder that is called", valueHint: "file" },
    http: { type: "boolean", description: "Its code answers a Request with a Response" },
    public: { type: "boolean", description: "Anybody may call it by HTTP, without a key" },
    ...REQUEST_FLAGS,
    ...SERVER_FLAGS,
  },
  async run({ args, context }) {
    const { name, path, http, json } = args;
    if (args.public && !http) throw new UsageError("--public is for functions with --http");
    const client = await clientFor(args, context);
    const { files, main } = await readProject(path, args.main);
    const kind = http ? ({ kind: "http", public: args.public } as const) : {};
    const count = Object.keys(files).length;
    const deployment = { ...requestOf(args), ...kind, files, main };
    const version = await during(
      `deploying ${count} ${count === 1 ? "file" : "files"}`,
      client.functions.deploy(name, deployment),
    );
    if (json) return printJson(version);
    for (const warning of version.warnings ?? []) note(`warning ${visible(warning)}`);
    print(`${version.name} has version ${version.version}`);
    const { url } = await serverOf(args, context.env);
    if (version.url !== undefined) print(`${url.replace(/\/$/, "")}${version.url}`);
    else note(`call it: isolate functions invoke ${version.name} --input JSON`);
  },
});
