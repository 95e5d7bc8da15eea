// What the published production guide does with axios, as it is written there, but for the address.

import axios from "axios";
import { define, run } from "./cases.mjs";

const { ANTE_TEST_URL: URL, ANTE_TEST_KEY: KEY } = process.env;
const JSON_HEADERS = { "x-api-key": KEY, "content-type": "application/json" };

async function failure(ask) {
  try {
    await ask();
  } catch (error) {
    return { status: error.response.status, body: error.response.data, header: error.response.headers["request-id"] };
  }
  return { status: null };
}

define("complete", async () => {
  const answer = await axios.post(
    `${URL}/v1/complete`,
    {
      model: "claude-instant-1.2",
      prompt: "翻译这段文字到英文",
      max_tokens_to_sample: 200,
    },
    { headers: JSON_HEADERS },
  );
  return { status: answer.status, data: answer.data, header: answer.headers["request-id"] };
});

define("complete_streamed", async () => {
  const answer = await axios.post(
    `${URL}/v1/complete`,
    { model: "claude-2.1", prompt: "\n\nHuman: What is 17 * 3? \n\nAssistant:", max_tokens_to_sample: 200, stream: true },
    { headers: JSON_HEADERS, responseType: "text" },
  );
  const events = answer.data.split("\n\n").filter(Boolean);
  const data = events.map((event) => JSON.parse(event.slice(event.indexOf("data: ") + 6)));
  return {
    kind: answer.headers["content-type"],
    text: data.map((event) => event.completion ?? "").join(""),
    stop_reason: data.at(-1).stop_reason,
  };
});

define("messages_without_a_version", () =>
  failure(() =>
    axios.post(
      `${URL}/v1/messages`,
      { model: "sim-1", max_tokens: 10, messages: [{ role: "user", content: "hello" }] },
      { headers: JSON_HEADERS },
    ),
  ),
);

define("refused", async () => ({
  prompt: await failure(() => axios.post(`${URL}/v1/complete`, { model: "claude-2.1" }, { headers: JSON_HEADERS })),
  key: await failure(() => axios.post(`${URL}/v1/complete`, {}, { headers: { "x-api-key": "made up" } })),
  upstream: await failure(() =>
    axios.post(
      `${URL}/v1/complete`,
      { model: "claude-2.1", prompt: "\n\nHuman: [sim status=429]\n\nAssistant:", max_tokens_to_sample: 9 },
      { headers: JSON_HEADERS },
    ),
  ),
}));

await run();
