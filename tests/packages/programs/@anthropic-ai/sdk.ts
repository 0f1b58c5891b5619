import Anthropic from "@anthropic-ai/sdk";

const client = new Anthropic({ apiKey: "not a key", maxRetries: 0 });

export default async () => {
  const asking = client.messages.create({
    model: "claude-opus-5",
    max_tokens: 16,
    messages: [{ role: "user", content: "Good morning" }],
  });
  const failure = await asking.catch((error: Error) => error);
  return [client.baseURL, failure instanceof Anthropic.APIConnectionError, failure.message];
};
