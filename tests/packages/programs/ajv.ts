import { Ajv } from "ajv";

const validate = new Ajv({ allErrors: true }).compile({
  type: "object",
  properties: { port: { type: "integer", maximum: 65535 }, host: { type: "string" } },
  required: ["port", "host"],
  additionalProperties: false,
});

export default () => [
  validate({ port: 80, host: "a" }),
  validate({ port: 1e6, extra: 1 }),
  validate.errors?.map(({ keyword, instancePath }) => [keyword, instancePath]),
];
