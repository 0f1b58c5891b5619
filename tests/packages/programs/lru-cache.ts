import { LRUCache } from "lru-cache";

export default async () => {
  const gone: string[] = [];
  const cache = new LRUCache<string, number>({
    max: 2,
    dispose: (_value, key) => gone.push(key),
    fetchMethod: async (key) => key.length,
  });
  cache.set("a", 1).set("b", 2);
  cache.get("a");
  cache.set("c", 3);
  return [cache.has("b"), gone, [...cache.keys()], await cache.fetch("four")];
};
