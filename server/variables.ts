/** Environment variables as a tree, each with the place that its value has in the settings. */
import type { z } from "zod";

/** The name of one variable, and how its text is read. */
export class Variable<T> {
  readonly name: string;
  readonly parser: z.ZodType<T>;

  constructor(name: string, parser: z.ZodType<T>) {
    this.name = name;
    this.parser = parser;
  }
}

export interface Variables {
  readonly [key: string]: Variable<unknown> | Variables;
}

/** The tree with a value in the place of each variable. */
export type Values<T> =
  T extends Variable<infer Value> ? Value : { readonly [Key in keyof T]: Values<T[Key]> };

export function variable<T>(name: string, parser: z.ZodType<T>): Variable<T> {
  return new Variable(name, parser);
}

export function namesOf(variables: Variables): string[] {
  return Object.values(variables).flatMap((entry) =>
    entry instanceof Variable ? [entry.name] : namesOf(entry),
  );
}

/** Throws an Error that names the first variable whose value is bad. */
export function readVariables<T extends Variables>(
  variables: T,
  env: NodeJS.ProcessEnv,
): Values<T> {
  const values = Object.entries(variables).map(([key, entry]) => {
    return [key, entry instanceof Variable ? read(entry, env) : readVariables(entry, env)];
  });
  return Object.fromEntries(values) as Values<T>;
}

function read({ name, parser }: Variable<unknown>, env: NodeJS.ProcessEnv): unknown {
  const parsed = parser.safeParse(env[name]);
  if (parsed.success) return parsed.data;
  throw new Error(`Bad setting ${name}: ${parsed.error.issues[0]?.message}`);
}
