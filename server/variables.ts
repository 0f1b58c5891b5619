/** Environment variables as a tree. Its shape is the shape of the settings. */
import type { z } from "zod";

/** Name of one variable, and the parser of its text. */
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

/** The tree with a value instead of each variable. */
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

/**
 * Reads all variables of a tree.
 *
 * @throws {Error} Naming the first variable with a bad value.
 */
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
