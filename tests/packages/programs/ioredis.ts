import { Redis } from "ioredis";

export default async () => {
  const redis = new Redis({
    lazyConnect: true,
    retryStrategy: () => null,
    maxRetriesPerRequest: 0,
  });
  redis.on("error", () => {});
  const failed = await redis.connect().then(
    () => "connected",
    () => "refused",
  );
  redis.disconnect();
  return [failed, redis.status];
};
