import { useEffect, useState } from "preact/hooks";

/** Follows the page's place, `#page/name`. */
export function useHash(): { readonly page: string; readonly name: string } {
  const [hash, setHash] = useState(location.hash);
  useEffect(() => {
    const follow = (): void => setHash(location.hash);
    addEventListener("hashchange", follow);
    return () => removeEventListener("hashchange", follow);
  }, []);
  const [page = "", name = ""] = hash.slice(1).split("/");
  return { page, name: decoded(name) };
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
