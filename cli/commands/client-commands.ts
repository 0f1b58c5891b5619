import type { Command, Commands } from "../command/define.ts";

const lazy = (description: string, load: () => Promise<Command>) => ({ description, load });

/** Commands that ask a server, each loaded once it is called. */
export const CLIENT_COMMANDS: Commands = {
  run: lazy("Runs a file", () => import("./run.ts").then(({ run }) => run)),
  plan: lazy("Shows what a file would be granted", () =>
    import("./plan.ts").then(({ plan }) => plan),
  ),
  deploy: lazy("Deploys a file or a folder as a function", () =>
    import("./deploy.ts").then(({ deploy }) => deploy),
  ),
  functions: lazy("Lists, shows, calls, rolls back and deletes functions", () =>
    import("./functions.ts").then(({ functions }) => functions),
  ),
  logs: lazy("Shows what a function has logged, or follows it", () =>
    import("./logs.ts").then(({ logs }) => logs),
  ),
  executions: lazy("Lists and shows what was run", () =>
    import("./executions.ts").then(({ executions }) => executions),
  ),
  sessions: lazy("Begins, lists and ends sessions, and runs files in them", () =>
    import("./sessions.ts").then(({ sessions }) => sessions),
  ),
  schedules: lazy("Has functions called at certain times", () =>
    import("./schedules.ts").then(({ schedules }) => schedules),
  ),
  secrets: lazy("Lists, writes and deletes secrets", () =>
    import("./secrets.ts").then(({ secrets }) => secrets),
  ),
  hosts: lazy("Lists, asks for, verifies and deletes host names of functions", () =>
    import("./hosts.ts").then(({ hosts }) => hosts),
  ),
  packages: lazy("Lists, shows, prepares and deletes sets of packages", () =>
    import("./packages.ts").then(({ packages }) => packages),
  ),
  jobs: lazy("Shows, awaits, cancels and lists jobs", () =>
    import("./jobs.ts").then(({ jobs }) => jobs),
  ),
  usage: lazy("Shows what has been used, beside the limits", () =>
    import("./usage.ts").then(({ usage }) => usage),
  ),
  denials: lazy("Shows what code was refused, the most frequent first", () =>
    import("./denials.ts").then(({ denials }) => denials),
  ),
  keys: lazy("Lists, makes and revokes keys", () => import("./keys.ts").then(({ keys }) => keys)),
  tenants: lazy("Manages tenants, by the operator's key", () =>
    import("./tenants.ts").then(({ tenants }) => tenants),
  ),
  audit: lazy("Shows who has changed what, by the operator's key", () =>
    import("./audit.ts").then(({ audit }) => audit),
  ),
  nodes: lazy("Lists the servers that share the store, by the operator's key", () =>
    import("./nodes.ts").then(({ nodes }) => nodes),
  ),
  login: lazy("Keeps a server and a key for later commands", () =>
    import("./login.ts").then(({ login }) => login),
  ),
  dev: lazy("Serves the functions of a folder, and deploys what changes", () =>
    import("./dev.ts").then(({ dev }) => dev),
  ),
  completion: lazy("Writes the completion of a shell", () =>
    import("./completion.ts").then(({ completion }) => completion),
  ),
};
