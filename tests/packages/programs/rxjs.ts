import { firstValueFrom, from, interval } from "rxjs";
import { filter, map, scan, take, toArray } from "rxjs/operators";

export default async () => [
  await firstValueFrom(
    from([1, 2, 3, 4]).pipe(
      filter((n) => n % 2 === 0),
      map((n) => n * 10),
      toArray(),
    ),
  ),
  await firstValueFrom(
    interval(1).pipe(
      take(4),
      scan((sum, n) => sum + n, 0),
      toArray(),
    ),
  ),
];
