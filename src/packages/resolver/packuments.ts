/**
 * Documents of packages, which the control plane fetches. Takes the place of `make-fetch-happen`, by which npm's
 * libraries would connect to a registry.
 */
import { PackumentError } from "./packument-error.ts";
import { slimPackument } from "./slim-packument.ts";

/** Addresses of registries in this process, which lead nowhere. */
export const REGISTRIES = { npm: "http://npm.invalid/", jsr: "http://jsr.invalid/" } as const;
export type RegistryName = keyof typeof REGISTRIES;

/** An answer of a registry: its status, and the body without any encoding. */
export interface Answered {
  readonly registry: RegistryName;
  readonly name: string;
  readonly status: number;
  readonly text: string;
}

interface Waiting {
  readonly resolve: (response: object) => void;
  readonly reject: (error: Error) => void;
}

const waiting = new Map<string, Waiting>();
let wanted: { registry: RegistryName; name: string }[] = [];
let notify = (): void => {};

/** Takes the names that were asked for since the last call. */
export function takeWanted(): readonly { registry: RegistryName; name: string }[] {
  const taken = wanted;
  wanted = [];
  return taken;
}

/** Number of documents that have been asked for and are missing. */
export function missingCount(): number {
  return waiting.size;
}

/** Calls back whenever a document is asked for. */
export function onWanted(callback: () => void): void {
  notify = callback;
}

/** Stand-in for the function that `make-fetch-happen` exports. */
export function fetchPackument(url: string): Promise<object> {
  const registry: RegistryName = url.startsWith(REGISTRIES.jsr) ? "jsr" : "npm";
  const name = decodeURIComponent(url.slice(REGISTRIES[registry].length));
  return new Promise((resolve, reject) => {
    waiting.set(`${registry} ${name}`, { resolve, reject });
    wanted.push({ registry, name });
    notify();
  });
}

/** Hands an answer to the library that waits for it. */
export function deliver({ registry, name, status, text }: Answered): void {
  const key = `${registry} ${name}`;
  const one = waiting.get(key);
  waiting.delete(key);
  if (status === 404) one?.reject(new PackumentError("E404", name));
  else one?.resolve(responseOf(name, text));
}

function responseOf(name: string, text: string): object {
  return {
    status: 200,
    headers: new Headers(),
    body: { on: () => {}, resume: () => {} },
    json: async () => slimPackument(name, text),
  };
}
