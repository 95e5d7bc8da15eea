// Cases of a driver: each runs once; what it returns, or how it failed, is printed as one JSON object.

const cases = new Map();

/** Register a case under a name. */
export function define(name, work) {
  cases.set(name, work);
}

/** Run every case, or those that are named as arguments. */
export async function run() {
  const wanted = process.argv.length > 2 ? process.argv.slice(2) : [...cases.keys()];
  const told = {};
  for (const name of wanted) {
    try {
      told[name] = { value: (await cases.get(name)()) ?? null };
    } catch (error) {
      told[name] = { failed: error?.stack ?? String(error) };
    }
  }
  process.stdout.write(JSON.stringify(told, null, 1));
}
