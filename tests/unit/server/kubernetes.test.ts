/** Tests deploy/kubernetes against the schemas that Kubernetes publishes, and against stack.yaml. */
import { readdir, readFile } from "node:fs/promises";
import { DaemonSet } from "kubernetes-models/apps/v1";
import { Namespace, Service } from "kubernetes-models/v1";
import { describe, expect, it } from "vitest";
import { parse, parseAllDocuments } from "yaml";
import { SECRET_FILES } from "../../../server/secret-files.ts";

const FOLDER = new URL("../../../deploy/kubernetes/", import.meta.url);

interface Model {
  validate(): void;
}
const MODELS: Readonly<Record<string, new (data: never) => Model>> = {
  DaemonSet,
  Namespace,
  Service,
};

async function manifests(): Promise<Record<string, unknown>[]> {
  const names = (await readdir(FOLDER)).filter((name) => name.endsWith(".yaml"));
  const texts = await Promise.all(names.map((name) => readFile(new URL(name, FOLDER), "utf8")));
  return texts.flatMap((text) => parseAllDocuments(text).map((one) => one.toJS({}) as never));
}

/** Lists a manifest's faults: what the schema says, and fields that it does not have. */
function faultsOf(manifest: Record<string, unknown>): string[] {
  const Kind = MODELS[String(manifest.kind)];
  if (Kind === undefined) return [`No schema for ${manifest.kind}`];
  const read = new Set<string>();
  const watched = watch(new Kind(manifest as never), "", read);
  try {
    watched.validate();
  } catch (error) {
    return [String(error)];
  }
  return pathsOf(manifest).filter((path) => !read.has(path));
}

/** Notes each field that is read. The compiled schemas read the fields that they have, and no other. */
function watch<T>(value: T, path: string, read: Set<string>): T {
  if (typeof value !== "object" || value === null) return value;
  return new Proxy(value, {
    get(target, name) {
      const found: unknown = Reflect.get(target, name);
      if (typeof name === "symbol") return found;
      read.add(`${path}/${name}`);
      return watch(found, `${path}/${name}`, read);
    },
  });
}

function pathsOf(value: unknown, path = ""): string[] {
  if (typeof value !== "object" || value === null) return [path];
  return Object.entries(value).flatMap(([name, one]) => pathsOf(one, `${path}/${name}`));
}

describe("deploy/kubernetes", () => {
  it("keeps to the published schemas", async () => {
    const all = await manifests();
    expect(all.map(({ kind }) => kind)).toEqual(["Namespace", "DaemonSet", "Service"]);
    expect(all.flatMap(faultsOf)).toEqual([]);
  });

  it("would not with a field that is missing, of another type, or misspelt", async () => {
    const [, found] = await manifests();
    const text = JSON.stringify(found);
    const broken = [
      [/"selector":\{"matchLabels"[^}]*\}\},/, ""],
      [`"minReadySeconds":10`, `"minReadySeconds":"ten"`],
      ["terminationGracePeriodSeconds", "terminationGracePeriod"],
      ["readOnlyRootFilesystem", "readOnlyRootFileSystem"],
    ] as const;
    for (const [from, to] of broken) {
      const changed = text.replace(from, to);
      expect(changed).not.toBe(text);
      expect(faultsOf(JSON.parse(changed)), to).not.toEqual([]);
    }
  });

  it("gives the control plane what stack.yaml gives it", async () => {
    const stack = parse(await readFile(new URL("../../stack.yaml", FOLDER), "utf8"), {
      merge: true,
    });
    const [, found] = await manifests();
    const { initContainers, containers } = (found as never as Found).spec.template.spec;
    const names = new Set(containers[0]?.env.map(({ name }) => name));
    const expected = Object.keys(stack.services["control-plane"].environment);
    expect(expected.filter((name) => !names.has(name))).toEqual([]);
    expect(SECRET_FILES.filter((name) => names.has(name))).toHaveLength(3);
    const command = (stack.services.egress.command as string[]).map((one) =>
      one.replace(/\$\{ISOLATE_RUN_DIR:-([^}]*)\}/g, "$1"),
    );
    expect(initContainers.find(({ name }) => name === "egress")?.args).toEqual(command);
  });
});

interface Found {
  readonly spec: {
    readonly template: {
      readonly spec: {
        readonly initContainers: readonly { readonly name: string; readonly args: string[] }[];
        readonly containers: readonly { readonly env: readonly { readonly name: string }[] }[];
      };
    };
  };
}
