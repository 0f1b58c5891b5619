import axios, { AxiosError } from "axios";

const client = axios.create({
  baseURL: "https://shop.example/api/",
  adapter: async (config) => ({
    data: JSON.stringify({ url: axios.getUri(config), body: config.data }),
    status: config.url === "lost" ? 404 : 200,
    statusText: "",
    headers: { "content-type": "application/json" },
    config,
  }),
});
client.interceptors.request.use((config) => {
  config.headers.set("x-from", "test");
  return config;
});

export default async () => {
  const { data, config } = await client.post(
    "items",
    { n: 1 },
    { params: { page: 2, of: [1, 2] } },
  );
  const closed = await axios.get("https://shop.example/").catch((error: AxiosError) => error);
  return [data, config.headers.get("x-from"), closed instanceof AxiosError];
};
