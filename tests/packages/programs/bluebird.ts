import Bluebird from "bluebird";

export default async () => {
  const sum = await Bluebird.resolve([1, 2, 3])
    .delay(1)
    .reduce((a: number, b: number) => a + b, 0);
  const late = await Bluebird.delay(50)
    .timeout(5, "too late")
    .catch(Bluebird.TimeoutError, (error: Error) => error.message);
  const squares = await Bluebird.map([1, 2, 3], (n: number) => n * n, { concurrency: 1 });
  return [sum, late, squares];
};
