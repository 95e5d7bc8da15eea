// What people do with @anthropic-ai/sdk.

import Anthropic from "@anthropic-ai/sdk";
import { VERSION } from "@anthropic-ai/sdk/version";
import { define, run } from "./cases.mjs";

const { ANTE_TEST_URL: baseURL, ANTE_TEST_KEY: KEY, ANTE_TEST_ADMIN_KEY: ADMIN_KEY } = process.env;
const QUESTION = [{ role: "user", content: "What is 17 * 3?" }];
const WEATHER = {
  name: "get_weather",
  description: "The weather in a city",
  input_schema: { type: "object", properties: { city: { type: "string" } }, required: ["city"] },
};
const THINKING = { type: "enabled", budget_tokens: 1024 };

const client = (apiKey = KEY, maxRetries = 0) => new Anthropic({ baseURL, apiKey, maxRetries });
const said = (content) => [{ role: "user", content }];
const create = (prompt, { model = "sim-1", key, retries, ...more } = {}) =>
  client(key, retries).messages.create({ model, max_tokens: 1000, messages: said(prompt), ...more });

function shown(message) {
  return {
    text: message.content.filter((block) => block.type === "text").map((block) => block.text).join(""),
    blocks: message.content.map((block) => block.type),
    model: message.model,
    role: message.role,
    stop_reason: message.stop_reason,
    input_tokens: message.usage.input_tokens,
    output_tokens: message.usage.output_tokens,
  };
}

/** Return how a request was refused. */
async function failure(ask) {
  try {
    await ask();
  } catch (error) {
    if (!(error instanceof Anthropic.APIError)) throw error;
    return {
      class: error.constructor.name,
      name: error.name,
      status: error.status,
      type: error.type,
      body: error.error,
      header: error.headers?.get("request-id"),
      request_id: error.requestID,
      should_retry: error.headers?.get("x-should-retry"),
      error_code: error.errorCode,
    };
  }
  return { class: null };
}

async function all(pages, of = (item) => item.id) {
  const found = [];
  for await (const item of await pages) found.push(of(item));
  return found;
}

define("version", async () => {
  const seen = {};
  const spying = new Anthropic({
    baseURL,
    apiKey: KEY,
    fetch: (url, options) => {
      const headers = new Headers(options.headers);
      seen.version = headers.get("anthropic-version");
      seen.credential = headers.has("x-api-key") ? "x-api-key" : "authorization";
      return fetch(url, options);
    },
  });
  await spying.messages.create({ model: "sim-1", max_tokens: 100, messages: QUESTION });
  return { library: VERSION, ...seen };
});

define("whole", async () => {
  const message = await client().messages.create({ model: "sim-1", max_tokens: 100, messages: QUESTION });
  return { ...shown(message), request_id: message._request_id };
});

define("text_stream", async () => {
  const stream = client().messages.stream({ model: "sim-1", max_tokens: 500, messages: said("count to 30") });
  const parts = [];
  stream.on("text", (part) => parts.push(part));
  return { ...shown(await stream.finalMessage()), parts, text_of_helper: await stream.finalText() };
});

define("events", async () => {
  const stream = await client().messages.create({ model: "sim-1", max_tokens: 100, messages: QUESTION, stream: true });
  return all(stream, (event) => event.type);
});

define("left_early", async () => {
  const stream = client().messages.stream({
    model: "sim-1",
    max_tokens: 9000,
    messages: said("[sim events=inf events_per_second=100]"),
  });
  let parts = 0;
  stream.on("text", () => {
    parts += 1;
    if (parts === 3) stream.abort();
  });
  try {
    await stream.finalMessage();
  } catch (error) {
    return { class: error.constructor.name, parts };
  }
  return { class: null };
});

define("hundred_at_once", async () => {
  const c = client();
  const one = async (number) => {
    const messages = said(`say number ${number}`);
    return (await c.messages.stream({ model: "sim-1", max_tokens: 500, messages }).finalText()) === `number ${number}`;
  };
  return (await Promise.all(Array.from({ length: 100 }, (_, number) => one(number)))).filter(Boolean).length;
});

define("counted", async () => (await client().messages.countTokens({ model: "sim-1", messages: QUESTION })).input_tokens);

define("models", async () => {
  const c = client();
  const page = await c.models.list({ limit: 1 });
  return {
    first: page.data.map((model) => model.id),
    more: page.hasNextPage(),
    all: await all(c.models.list({ limit: 1 })),
    one: (await c.models.retrieve("claude-sim-1")).id,
  };
});

define("tools", async () => {
  const c = client();
  const common = { model: "sim-agent-1", max_tokens: 500, tools: [WEATHER] };
  const turns = said("What is the weather in Paris?");
  const asked = await c.messages.create({ ...common, messages: turns });
  const use = asked.content.find((block) => block.type === "tool_use");
  const result = { type: "tool_result", tool_use_id: use.id, content: "14 degrees, rain" };
  turns.push({ role: "assistant", content: asked.content }, { role: "user", content: [result] });
  const final = await c.messages.create({ ...common, messages: turns });
  return { asked: shown(asked), name: use.name, input: use.input, final: shown(final) };
});

define("tools_streamed", async () => {
  const messages = said("What is the weather in Paris? [sim calls=2]");
  const stream = client().messages.stream({ model: "sim-agent-1", max_tokens: 500, tools: [WEATHER], messages });
  let partial = "";
  stream.on("inputJson", (part) => {
    partial += part;
  });
  const final = await stream.finalMessage();
  return { partial, inputs: final.content.filter((block) => block.type === "tool_use").map((block) => block.input) };
});

define("thinking", async () => {
  const c = client();
  const common = { model: "sim-1", max_tokens: 2048, thinking: THINKING };
  const first = await c.messages.create({ ...common, messages: QUESTION });
  const messages = [...QUESTION, { role: "assistant", content: first.content }, ...said("say thank you")];
  const second = await c.messages.stream({ ...common, messages }).finalMessage();
  return { first: shown(first), signed: Boolean(first.content[0].signature), second: shown(second) };
});

define("beta", async () => {
  const c = client();
  const asked = { model: "sim-1", messages: QUESTION, betas: ["context-1m-2025-08-07", "made-up-2030-01-01"] };
  return {
    whole: shown(await c.beta.messages.create({ ...asked, max_tokens: 100 })),
    streamed: shown(await c.beta.messages.stream({ ...asked, max_tokens: 100 }).finalMessage()),
    counted: (await c.beta.messages.countTokens(asked)).input_tokens,
    models: await all(c.beta.models.list({ limit: 1 })),
  };
});

define("headers", async () => {
  const { response } = await client()
    .messages.create({ model: "sim-1", max_tokens: 100, messages: QUESTION })
    .withResponse();
  const names = ["request-id", "anthropic-organization-id", "anthropic-workspace-id", "content-type"];
  return Object.fromEntries(names.map((name) => [name, response.headers.get(name)]));
});

define("completion", async () => (client().completions === undefined ? null : "there"));

define("organization", async () => client(ADMIN_KEY).organization.retrieve());

define("refused_by_us", async () => ({
  400: await failure(() => client().messages.create({ model: "sim-1", max_tokens: 100, messages: "not a list" })),
  401: await failure(() => create("hello", { key: "sk-ant-api03-made-up" })),
  403: await failure(() => create("hello", { key: ADMIN_KEY })),
  404: await failure(() => create("hello", { model: "claude-none-1" })),
  "404 model": await failure(() => client().models.retrieve("claude-none-1")),
  413: await failure(() => create("x".repeat(33 << 20))),
  "400 sampling": await failure(() => create("hello", { temperature: 0.5 })),
}));

define("refused_while_sending", async () => {
  const told = [];
  for (let round = 0; round < 5; round += 1) {
    told.push(await failure(() => create("x".repeat(33 << 20))));
    told.push(await failure(() => create("x".repeat(8 << 20), { key: "sk-ant-api03-made-up" })));
  }
  return told.map((error) => error.class);
});

define("refused_upstream", async () => {
  const told = {};
  for (const status of [400, 401, 403, 404, 409, 413, 429, 500, 503, 504, 529]) {
    told[status] = await failure(() => create(`[sim status=${status}]`));
  }
  return told;
});

define("refused_stream", async () => {
  const stream = (prompt) => client().messages.stream({ model: "sim-1", max_tokens: 99, messages: said(prompt) });
  return {
    start: await failure(() => stream("[sim error=0 events=9]").finalMessage()),
    middle: await failure(() => stream("[sim error=3 events=9]").finalMessage()),
    cut: await failure(() => stream("[sim reset=3 events=9]").finalMessage()),
  };
});

define("retries", async () => ({
  succeeded: shown(await create("[sim status=529 times=1 reply=again]", { retries: 2 })),
  told_not_to: await failure(() => create("[sim status=401]", { retries: 2 })),
}));

await run();
