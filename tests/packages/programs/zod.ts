import { z } from "zod";

const Parcel = z.object({
  weight: z.number().positive(),
  to: z.email(),
  tags: z.array(z.string()).default([]),
});

export default () => {
  const good = Parcel.parse({ weight: 2.5, to: "ada@example.com" });
  const bad = Parcel.safeParse({ weight: -1, to: "nobody" });
  return [good, bad.success, bad.error?.issues.map(({ path, code }) => [path, code])];
};
