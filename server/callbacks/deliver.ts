import { type Delivery, type PostOptions, signedPost } from "./signed-post.ts";

export type DeliverOptions = Pick<PostOptions, "operatorRules" | "timeout" | "ca">;

/** Posts a signed callback once. Resolves with the answer's status and ignores its body. */
export async function deliver(delivery: Delivery, options: DeliverOptions): Promise<number> {
  return (await signedPost(delivery, options)).status;
}
