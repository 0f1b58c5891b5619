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
};
