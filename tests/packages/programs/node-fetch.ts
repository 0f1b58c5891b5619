import fetch, { FetchError, Headers, Response } from "node-fetch";

export default async () => {
  const failure = await fetch("https://shop.example/").catch((error: Error) => error);
  const inline = await fetch("data:text/plain,tea");
  return [
    await inline.text(),
    new Headers({ A: "1" }).get("a"),
    await new Response('{"a":1}').json(),
    failure instanceof FetchError,
  ];
};
