import type { TypeSource } from "../source.ts";

export default {
  name: "text",
  aliases: ["txt", "plaintext"],
  description: "Plain text content",
  async resolve({ archive }) {
    const content = await (await archive.extract()).file("content");
    return content.toString("utf8");
  },
} satisfies TypeSource;
