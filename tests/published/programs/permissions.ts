/** Permissions: united, read from a URL, looked through, and warned of. */
import { detect } from "isolate/permissions/detector";
import { merge } from "isolate/permissions/merger";
import { normalize } from "isolate/permissions/normalizer";
import { parse } from "isolate/permissions/parser";
import { validate } from "isolate/permissions/validator";
import type { Perms } from "isolate/types";

const ofRequest = { env: ["A"], net: ["host1"] };
const ofTool = { env: ["B"], net: ["host2"] };

export const both: Perms = merge(ofRequest, ofTool);
export const alone: Perms = merge("none", ofTool);
export const server: string = parse("postgres://user@localhost:5432/db");

const found = detect({ net: ["*", "localhost"] });
export const wild: boolean = found.wild;
export const hosts: number = found.hosts;
export const local: boolean = found.local;

/** All permissions that a tool or a request can ask for. */
export const all: Perms = {
  env: ["DATABASE_URL"],
  net: ["db.example.com:5432"],
  read: ["/data"],
  write: ["/tmp"],
  run: ["ls"],
  ffi: ["lib.so"],
  hrtime: true,
};
export const explicit: readonly string[] = normalize(all).net;

/** Warns on the console, as strict mode does. */
export function check(permissions: Perms): void {
  validate(permissions, true);
}
