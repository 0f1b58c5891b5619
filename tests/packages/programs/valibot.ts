import * as v from "valibot";

const Login = v.object({
  email: v.pipe(v.string(), v.email()),
  pin: v.pipe(v.string(), v.minLength(4)),
});

export default () => [
  v.parse(Login, { email: "ada@example.com", pin: "1234" }),
  v.safeParse(Login, { email: "x", pin: "1" }).issues?.map(({ message }) => message),
];
