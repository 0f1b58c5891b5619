import OpenAI from "openai";

const client = new OpenAI({ apiKey: "not a key", maxRetries: 0 });

export default async () => {
  const asking = client.responses.create({ model: "gpt-4.1", input: "Good morning" });
  const failure = await asking.catch((error: Error) => error);
  return [client.baseURL, failure instanceof OpenAI.APIConnectionError, failure.message];
};
