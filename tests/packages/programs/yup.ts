import { number, object, string, type ValidationError } from "yup";

const user = object({ name: string().required(), age: number().positive().integer() });

export default async () => [
  await user.validate({ name: "Ada", age: "36" }),
  await user.validate({ age: -1 }, { abortEarly: false }).catch((e: ValidationError) => e.errors),
];
