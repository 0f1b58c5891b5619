import PQueue from "p-queue";

export default async () => {
  const queue = new PQueue({ concurrency: 1 });
  const order: string[] = [];
  queue.add(async () => order.push("first"));
  queue.add(async () => order.push("low"), { priority: -1 });
  queue.add(async () => order.push("high"), { priority: 9 });
  await queue.onIdle();
  return [order, queue.size, queue.pending];
};
