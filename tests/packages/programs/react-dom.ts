import { createElement, useId, useState } from "react";
import { renderToReadableStream, renderToStaticMarkup, renderToString } from "react-dom/server";

function Page({ name }: { name: string }) {
  const [count] = useState(2);
  return createElement("main", { id: useId() }, `Hello ${name}`, createElement("i", null, count));
}

export default async () => {
  const page = createElement(Page, { name: "<Ada>" });
  const stream = await renderToReadableStream(page);
  return [renderToString(page), renderToStaticMarkup(page), await new Response(stream).text()];
};
