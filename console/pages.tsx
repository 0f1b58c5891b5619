import type { ComponentChildren } from "preact";
import type { Execution, ExecutionQuery } from "../src/client/client.ts";
import { Secrets } from "./account/secrets.tsx";
import { Usage } from "./account/usage.tsx";
import { Executions } from "./executions/executions.tsx";
import { FunctionList } from "./functions/function-list.tsx";
import { FunctionView } from "./functions/function-view.tsx";
import { Servers } from "./operator/servers.tsx";
import { Tenants } from "./operator/tenants.tsx";
import type { Draft } from "./run/draft.ts";
import { EXAMPLES, FIRST } from "./run/examples.ts";
import { RunView } from "./run/run-view.tsx";
import type { Role, Session } from "./session.ts";

/** State that every page is shown with. */
export interface Shown {
  readonly session: Session;
  readonly name: string;
  readonly draft: Draft;
  readonly onDraft: (draft: Draft) => void;
}

interface Page {
  readonly title: string;
  readonly roles: readonly Role[];
  readonly show: (shown: Shown) => ComponentChildren;
}

const USERS = ["open", "tenant"] as const;

/** Pages by their names in the address, in the order of the menu. The first one of a role is where it begins. */
export const PAGES: Readonly<Record<string, Page>> = {
  tenants: {
    title: "Tenants",
    roles: ["operator"],
    show: ({ session: { client } }) => <Tenants client={client} />,
  },
  run: {
    title: "Run",
    roles: USERS,
    show: ({ session: { client }, draft, onDraft }) => <RunView {...{ client, draft, onDraft }} />,
  },
  functions: {
    title: "Functions",
    roles: USERS,
    show: ({ session: { client }, name, onDraft }) => {
      if (name === "") return <FunctionList client={client} />;
      const edit = (code: string): void => {
        onDraft({ ...(EXAMPLES.Hello ?? FIRST), code });
        location.hash = "#run";
      };
      return <FunctionView key={name} client={client} name={name} onEdit={edit} />;
    },
  },
  executions: {
    title: "Executions",
    roles: ["open", "tenant", "operator"],
    show: ({ session }) => <Executions key={session.role} load={loaderOf(session)} />,
  },
  usage: {
    title: "Usage",
    roles: USERS,
    show: ({ session: { client } }) => <Usage client={client} />,
  },
  secrets: {
    title: "Secrets",
    roles: USERS,
    show: ({ session: { client } }) => <Secrets client={client} />,
  },
  servers: {
    title: "Servers",
    roles: ["open", "operator"],
    show: ({ session }) => <Servers session={session} />,
  },
};

type Load = (query: ExecutionQuery) => Promise<{ executions: Execution[]; next?: string }>;

const LOADERS = new WeakMap<Session, Load>();

/** Returns the function that finds executions: the tenant's own, or for the operator those of all tenants. */
function loaderOf(session: Session): Load {
  const { client, role } = session;
  const load: Load =
    LOADERS.get(session) ??
    ((query) => (role === "operator" ? client.admin.executions(query) : client.executions(query)));
  LOADERS.set(session, load);
  return load;
}
