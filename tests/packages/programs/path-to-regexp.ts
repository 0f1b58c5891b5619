import { compile, match, parse } from "path-to-regexp";

export default () => [
  match("/users/:id{/:tab}")("/users/7/notes"),
  match("/files/*path")("/files/a/b"),
  compile("/users/:id")({ id: "a b" }),
  parse("/x/:y").tokens,
];
