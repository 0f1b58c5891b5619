import npa from "npm-package-arg";
import type { NamedOverrides } from "../../request/package-fields.ts";
import { PackumentError } from "./packument-error.ts";

/** Failure of one dependency that a request names. */
export class SpecError extends PackumentError {
  readonly wanted: string;

  constructor(code: string, name: string, wanted: string) {
    super(code, name);
    this.wanted = wanted;
  }
}

const JSR_NAME = /^@([a-z0-9-]+)\/([a-z0-9-]+)$/;

interface Asked {
  readonly dependencies: Readonly<Record<string, string>>;
  readonly overrides: NamedOverrides;
}

/** Returns the fields of a package.json in the spelling of npm. Refuses all that is in no registry. */
export function specsOf({ dependencies, overrides }: Asked): Asked {
  const specs = Object.entries(dependencies).map(
    ([name, spec]) => [name, specOf(name, spec)] as const,
  );
  return { dependencies: Object.fromEntries(specs), overrides: overridesOf(overrides) };
}

function overridesOf(overrides: NamedOverrides): NamedOverrides {
  const all = Object.entries(overrides).map(([name, spec]) => {
    if (typeof spec !== "string") return [name, overridesOf(spec)] as const;
    return [name, spec.startsWith("$") ? spec : specOf(nameOf(name), spec)] as const;
  });
  return Object.fromEntries(all);
}

/** Returns the name of a key such as `foo@1`. */
function nameOf(key: string): string {
  const at = key.indexOf("@", 1);
  return key === "." ? "a" : at === -1 ? key : key.slice(0, at);
}

function specOf(name: string, written: string): string {
  const spec = written.startsWith("jsr:") ? jsrSpec(name, written) : written;
  let parsed: npa.Result;
  try {
    parsed = npa.resolve(name, spec, "/project");
  } catch (error) {
    const isOther = (error as { code?: unknown }).code === "EUNSUPPORTEDPROTOCOL";
    throw new SpecError(isOther ? "ENOREGISTRY" : "ESPEC", name, written);
  }
  if (!(parsed as { registry?: boolean }).registry)
    throw new SpecError("ENOREGISTRY", name, written);
  return spec;
}

/** Translates to the names of JSR's npm registry: `jsr:@std/yaml@1` is `npm:@jsr/std__yaml@1`. */
function jsrSpec(name: string, written: string): string {
  const text = written.slice("jsr:".length);
  const [named, range] = text.startsWith("@") ? cut(text) : [name, text];
  const [, scope, own] = JSR_NAME.exec(named) ?? [];
  if (scope === undefined) throw new SpecError("EJSR", name, written);
  return `npm:@jsr/${scope}__${own}@${range || "*"}`;
}

function cut(text: string): [name: string, range: string] {
  const at = text.indexOf("@", 1);
  return at === -1 ? [text, ""] : [text.slice(0, at), text.slice(at + 1)];
}
