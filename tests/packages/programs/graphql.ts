import { buildSchema, graphql, parse, print } from "graphql";

const schema = buildSchema(
  "type Query { tea(kind: String!): Tea } type Tea { name: String, n: Int }",
);
const rootValue = { tea: ({ kind }: { kind: string }) => ({ name: `${kind} tea`, n: () => 2 }) };

export default async () => [
  await graphql({ schema, source: '{ tea(kind: "green") { name n } }', rootValue }),
  (await graphql({ schema, source: "{ rice }" })).errors?.map(({ message }) => message),
  print(parse("{a{b}}")),
];
