// What a page keeps of messages and connections that are over: its heap after garbage collection, and the module's memory.
import { keepSession, openWorld, promptly } from "../support/world.mjs";

const BYTES_UNTIL_CUT = 9_000;
const PART = 50_000; // messages between two looks at the memory
const LIMIT_MS = 300_000; // for one part, on a machine that has other things to do

/** Finds the memory of the module, which nothing else shows. Must run before the first client. */
const watchMemory = () => {
  for (const name of ["instantiate", "instantiateStreaming"]) {
    const original = WebAssembly[name];
    WebAssembly[name] = async (...all) => {
      const result = await original.apply(WebAssembly, all);
      const { exports } = result.instance ?? result;
      globalThis.soaked = Object.values(exports).find((one) => one instanceof WebAssembly.Memory);
      return result;
    };
  }
};

/** A client that publishes to itself: `state.until(done, most)` goes on until then, with `most` messages unsettled. */
const connect = async ({ mqtt, state }, url, options) => {
  const topic = `soak/${options.clientId}`;
  const payload = new Uint8Array(64);
  state.counts = { received: 0, connections: 0, failed: 0 };
  state.client = await mqtt.connect(url, options);
  state.client.on("connect", () => state.counts.connections++);
  await state.client.subscribe(`${topic}/+`, { qos: 2 }, () => state.counts.received++);
  state.until = async (done, most) => {
    let open = 0;
    let room = () => {};
    const settled = () => {
      open--;
      room();
    };
    const failed = (error) => {
      // QoS 0 that had not left when the connection ended: nobody sends it again, and its promise says so.
      const isTold = error.code === "connection-closed" && error.delivery === "none";
      if (!isTold) state.counts.failed++;
      settled();
    };
    for (let n = 0; !done(); n++) {
      const qos = n % 3;
      open++;
      state.client.publish(`${topic}/${n % 10}`, payload, { qos }).then(settled, failed);
      if (n % 100 === 0) await new Promise((resolve) => setTimeout(resolve));
      while (open >= most && !done()) {
        await new Promise((resolve) => {
          room = resolve;
        });
      }
    }
    while (open > 0) {
      await new Promise((resolve) => {
        room = resolve;
      });
    }
  };
};

/** Goes on until `what` ("received" or "connections") has grown by `count`. Answers at once; the title tells of the end. */
const goOn = ({ state }, what, count) => {
  const goal = state.counts[what] + count;
  const most = what === "received" ? 300 : 20; // less than what comes before the next cut
  document.title = "running";
  const work = state.until(() => state.counts[what] >= goal, most);
  work.then(() => {
    document.title = "finished";
  });
};

/**
 * Sends `messages` messages, then makes `reconnects` connections, in Chromium. `warm` of both come before and count not.
 * Resolves with `{ messages, reconnects, failed }`: for the first two bytes of heap and of the module, before and after.
 */
export async function soak({ messages, reconnects, warm, say = () => {} }) {
  const world = await openWorld("chromium");
  const { page, chaos, browser } = world;
  const look = async () => {
    await browser.driver.sendDevToolsCommand("HeapProfiler.collectGarbage", {});
    const { usedSize } = await browser.driver.sendAndGetDevToolsCommand("Runtime.getHeapUsage", {});
    const module = await browser.driver.executeScript("return soaked.buffer.byteLength");
    return { heap: usedSize, module };
  };
  const work = async (what, count) => {
    await page.run(goOn, what, count);
    // A function that runs in the page stays there, as a module of its own, so none may run meanwhile.
    const finished = async () => (await browser.driver.getTitle()) === "finished";
    await browser.driver.wait(finished, LIMIT_MS, `${count} ${what} did not come`, 200);
  };
  try {
    await page.load();
    await browser.driver.sendDevToolsCommand("HeapProfiler.enable", {});
    await page.run(watchMemory);
    const options = { ...keepSession(5, "soak"), reconnect: promptly };
    await page.run(connect, world.to(chaos.port), options);

    await work("received", warm.messages);
    const results = { messages: { count: messages, before: await look() } };
    for (let done = 0; done < messages; done += PART) {
      await work("received", Math.min(PART, messages - done));
      say(`${Math.min(messages, done + PART)} messages: ${inWords(await look())}`);
    }
    results.messages.after = await look();

    chaos.set({ cutDown: () => BYTES_UNTIL_CUT });
    chaos.kill("rst");
    await work("connections", warm.reconnects);
    results.reconnects = { count: reconnects, before: await look() };
    await work("connections", reconnects);
    results.reconnects.after = await look();
    say(`${reconnects} reconnects: ${inWords(results.reconnects.after)}`);
    chaos.reset();
    chaos.kill("rst");
    results.failed = await page.run(({ state }) => state.counts.failed);
    await page.run(({ state }) => state.client.close());
    return results;
  } finally {
    await world.stop();
  }
}

const inWords = ({ heap, module }) => `heap ${Math.round(heap / 1024)} KiB, module ${module / 1024} KiB`;
