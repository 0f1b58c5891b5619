import type { TypeSource } from "../source.ts";

export default {
  name: "binary",
  aliases: ["bin", "blob", "raw"],
  description: "Binary content",
  async resolve({ archive }) {
    const content = await (await archive.extract()).file("content");
    // A copy: what it is a view of is the whole archive.
    return new Uint8Array(content);
  },
} satisfies TypeSource;
