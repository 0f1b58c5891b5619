import async from "async";

export default async () => {
  const seen: number[] = [];
  const queue = async.queue((n: number, done) => {
    seen.push(n);
    setTimeout(done, 1);
  }, 2);
  queue.push([1, 2, 3]);
  await queue.drain();
  const doubled = await async.mapLimit([1, 2, 3], 2, async (n: number) => n * 2);
  return [seen, doubled, await async.waterfall([async () => 2, async (n: number) => n + 5])];
};
