// Pages that wake up over a dead connection, and what a page keeps of messages and connections that are over. Chromium's
// DevTools are needed for both. `npm run recovery` and `npm run soak` measure the same for longer.
import assert from "node:assert/strict";
import { it } from "node:test";
import { soak } from "./soak.mjs";
import { measureWakes, wakeNames } from "./wake.mjs";

const MOST_HEAP = 1024 * 1024; // bytes: 50 for each message, 10,000 for each connection
const MOST_MODULE = 128 * 1024; // two pages of WebAssembly memory

if ((process.env.WASMQTT_ENGINE ?? "chromium") === "chromium") {
  it("a page that wakes up over a dead connection gets another one", async () => {
    const results = await measureWakes({ rounds: 2, clients: 2 });
    for (const name of wakeNames) assert.equal(results[name].length, 4, name);
  });

  it("neither messages nor reconnects leave anything in memory", async () => {
    const warm = { messages: 5_000, reconnects: 30 };
    const results = await soak({ messages: 20_000, reconnects: 100, warm });
    for (const what of ["messages", "reconnects"]) {
      const { before, after } = results[what];
      assert.ok(after.heap - before.heap < MOST_HEAP, `${what}: heap from ${before.heap} to ${after.heap}`);
      assert.ok(
        after.module - before.module <= MOST_MODULE,
        `${what}: module from ${before.module} to ${after.module}`,
      );
    }
    assert.equal(results.failed, 0);
  });
}
