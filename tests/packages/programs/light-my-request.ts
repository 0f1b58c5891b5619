import inject from "light-my-request";

export default async () => {
  const answer = await inject(
    (request, response) => {
      response.writeHead(202, { "content-type": "text/plain", "x-method": `${request.method}` });
      response.write("you asked for ");
      response.end(request.url);
    },
    { method: "PUT", url: "/tea", query: { n: "2" }, payload: "x" },
  );
  return [answer.statusCode, answer.headers["x-method"], answer.payload];
};
