import { z } from "zod";
import { executeRequest } from "./execute-request.ts";
import { strictObject } from "./object-schema.ts";

type Shape = typeof executeRequest.shape;

type Sent = {
  [Name in keyof Shape]: Shape[Name] extends z.ZodDefault<infer Field>
    ? z.ZodOptional<Field>
    : Shape[Name];
};

/**
 * A request as it is sent and kept. No default is filled in, as the host and the tenant decide on some. The
 * contract shows the others.
 */
export const sentRequest: z.ZodObject<Sent, z.core.$strict> = strictObject(
  sent(executeRequest.shape),
).meta({ id: "ExecuteRequest" });

function sent(shape: Shape): Sent {
  const fields = Object.entries(shape).map(([name, field]) => {
    if (!(field instanceof z.ZodDefault)) return [name, field];
    const told = { ...field.meta(), default: field.def.defaultValue };
    return [name, field.unwrap().optional().meta(told)];
  });
  return Object.fromEntries(fields) as Sent;
}
