// What programs do with environments by @anthropic-ai/sdk.

import Anthropic from "@anthropic-ai/sdk";
import { define, run } from "./cases.mjs";

const { ANTE_TEST_URL: baseURL, ANTE_TEST_KEY: apiKey } = process.env;
const environments = () => new Anthropic({ baseURL, apiKey, maxRetries: 0 }).beta.environments;

/** Return how a request was refused. */
async function failure(ask) {
  try {
    await ask();
  } catch (error) {
    if (!(error instanceof Anthropic.APIError)) throw error;
    return { status: error.status, type: error.type, body: error.error };
  }
  return { status: null };
}

define("life", async () => {
  const space = environments();
  const made = await space.create({
    name: "node life",
    config: {
      type: "cloud",
      packages: { apt: ["ffmpeg"], go: ["golang.org/x/tools/cmd/goimports@latest"] },
      networking: { type: "limited", allowed_hosts: ["https://api.example.com"], allow_package_managers: true },
    },
    metadata: { team: "core" },
  });
  const changed = await space.update(made.id, {
    config: { type: "cloud", networking: { type: "limited", allow_mcp_servers: true } },
    metadata: { team: "" },
  });
  const found = await space.retrieve(made.id);
  const taken = await failure(() => space.create({ name: "node life" }));
  const archived = await space.archive(made.id);
  const refused = await failure(() => space.update(made.id, { name: "x" }));
  const deleted = await space.delete(made.id);
  const gone = await failure(() => space.retrieve(made.id));
  return { made, changed, found, taken, archived, refused, deleted, gone };
});

define("pages", async () => {
  const space = environments();
  const made = [];
  for (const number of [0, 1, 2]) made.push((await space.create({ name: `node page ${number}` })).id);
  const listed = [];
  for await (const environment of space.list({ limit: 2 })) listed.push(environment.id);
  return { made, listed: listed.filter((id) => made.includes(id)) };
});

await run();
