// What a program does with a webhook that came: verify it, and read it.

import Anthropic from "@anthropic-ai/sdk";
import { define, run } from "./cases.mjs";

const { body, headers, secret } = JSON.parse(process.env.ANTE_TEST_DELIVERY);
const client = new Anthropic({ apiKey: "none", webhookKey: secret });

define("unwrap", async () => client.beta.webhooks.unwrap(body, { headers }));

define("forged", async () => {
  try {
    client.beta.webhooks.unwrap(`${body} `, { headers });
  } catch (error) {
    return error.constructor.name;
  }
  return null;
});

await run();
