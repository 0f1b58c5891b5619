import {
  BINDING_SCHEMES,
  boundValue,
  type EgressBinding,
  HEADER_VALUE,
  isBindable,
  MAX_BINDINGS,
  MAX_BOUND_VALUE,
  MAX_METHODS,
  MAX_PATH,
  MAX_PATHS,
  METHOD,
} from "../src/protocol/egress-bindings.ts";
import { AdminRequestError } from "./admin-request-error.ts";

const MAX_HOST = 300;

/**
 * Reads the bindings of a run. Their hosts and paths are checked where they are used.
 *
 * @throws {AdminRequestError} That names the part that is wrong, and never its value.
 */
export function bindingsOf(value: unknown): EgressBinding[] {
  if (!Array.isArray(value) || value.length > MAX_BINDINGS) {
    throw new AdminRequestError(`bindings is no array of at most ${MAX_BINDINGS} entries`);
  }
  return value.map((entry) => {
    if (typeof entry !== "object" || entry === null) throw wrong("");
    return bindingOf(entry);
  });
}

function bindingOf(entry: Record<string, unknown>): EgressBinding {
  const { host, scheme, header, format, secret, methods, paths } = entry;
  if (!isText(host, MAX_HOST)) throw wrong("host");
  const known = BINDING_SCHEMES.find((name) => name === scheme);
  if (known === undefined) throw wrong("scheme");
  if (typeof header !== "string" || !isBindable(header)) throw wrong("header");
  if (!isText(format, MAX_BOUND_VALUE) || format.split("{}").length !== 2) throw wrong("format");
  if (!isText(secret, MAX_BOUND_VALUE)) throw wrong("secret");
  const bound = boundValue(format, secret);
  if (bound.length > MAX_BOUND_VALUE || !HEADER_VALUE.test(bound)) throw wrong("secret");
  return {
    host,
    scheme: known,
    header,
    format,
    secret,
    ...(methods !== undefined && { methods: methodsOf(methods) }),
    ...(paths !== undefined && { paths: textsOf(paths, "paths", MAX_PATHS, MAX_PATH) }),
  };
}

function methodsOf(value: unknown): string[] {
  const methods = textsOf(value, "methods", MAX_METHODS, MAX_PATH);
  if (!methods.every((method) => METHOD.test(method))) throw wrong("methods");
  return methods;
}

function textsOf(value: unknown, name: string, most: number, length: number): string[] {
  const isList = Array.isArray(value) && value.length > 0 && value.length <= most;
  if (!isList || !value.every((text) => isText(text, length))) throw wrong(name);
  return value;
}

function isText(value: unknown, most: number): value is string {
  return typeof value === "string" && value.length > 0 && value.length <= most;
}

function wrong(part: string): AdminRequestError {
  return new AdminRequestError(`A binding is malformed${part && `: ${part}`}`);
}
