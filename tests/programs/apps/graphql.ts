/** A GraphQL endpoint by graphql-js. */
import { buildSchema, graphql } from "graphql";

const schema = buildSchema(`
  type Author { name: String! books(first: Int = 10): [Book!]! }
  type Book { title: String! author: Author! }
  type Query { book(title: String!): Book authors: [Author!]! fail: String }
  type Mutation { rename(title: String!, to: String!): Book }
`);

class Author {
  constructor(readonly name: string) {}
  books({ first }: { first: number }): Book[] {
    return shelf.filter(({ author }) => author === this).slice(0, first);
  }
}
class Book {
  constructor(public title: string, readonly author: Author) {}
}

const austen = new Author("Jane Austen");
const shelf = [new Book("Emma", austen), new Book("Persuasion", austen)];

const rootValue = {
  book: ({ title }: { title: string }) => shelf.find((book) => book.title === title),
  authors: () => [austen],
  fail: () => {
    throw new Error("Out of ink");
  },
  rename: ({ title, to }: { title: string; to: string }) => {
    const book = shelf.find((each) => each.title === title);
    if (book) book.title = to;
    return book;
  },
};

export default async (request: Request): Promise<Response> => {
  if (request.method !== "POST") return new Response("POST only", { status: 405, headers: { allow: "POST" } });
  const { query, variables } = await request.json();
  return Response.json(await graphql({ schema, source: query, rootValue, variableValues: variables }));
};
