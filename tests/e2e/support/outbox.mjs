// What cases about the durable outbox do in the page, again after each reload.
import { promptly } from "./world.mjs";

let clients = 0;

/** A Client Identifier, and with it an outbox, that no other test uses. */
export const freshId = () => `outbox-${process.pid}-${++clients}`;

/** Options of a client with an outbox that does not mind when the broker is away. */
export const durable = (version, clientId, options = {}) => ({
  protocolVersion: version,
  clientId,
  store: "indexeddb",
  reconnect: { ...promptly, retryInitial: true },
  ...options,
});

/** Makes and starts `state.client`, and keeps its errors as `state.errors`. Does not wait for a connection. */
export function begin(page, url, options) {
  return page.run(
    ({ mqtt, state, describe, failure }, url, options) => {
      state.client = mqtt.createClient(url, options);
      state.errors = [];
      state.client.on("error", (error) => state.errors.push(describe(error)));
      state.started = state.client.start();
      state.failed = failure(state.started);
      state.failed.catch(() => {});
    },
    url,
    options,
  );
}

/** Publishes these texts in order without waiting between; resolves with how far they got. */
export function publishAll(page, topic, texts, options) {
  return page.run(
    async ({ state, bounded }, topic, texts, options) => {
      const results = texts.map((text) => state.client.publish(topic, text, options));
      const statuses = (await bounded(Promise.all(results), "every result")).map(({ status }) => status);
      return [...new Set(statuses)];
    },
    topic,
    texts,
    options,
  );
}

/** Waits until the client has nothing left to do, and resolves with how many records are left of it. */
export async function finish(page) {
  await page.run(({ state, bounded }) => bounded(state.started, "the connection"));
  let before;
  for (let left = await look(page); left > 0; left = await look(page)) {
    if (left === before) throw new Error(`${left} exchanges stand still`);
    before = left;
  }
  return page.run(async ({ state }) => {
    const { clientId } = state.client;
    await state.client.close();
    const names = (await indexedDB.databases()).map(({ name }) => name);
    const left = await new Promise((resolve, reject) => {
      const opening = indexedDB.open(names.find((name) => name.endsWith(` ${clientId}`)));
      opening.onerror = () => reject(opening.error);
      opening.onsuccess = () => {
        const counting = opening.result.transaction("records").objectStore("records").count();
        counting.onsuccess = () => resolve(counting.result);
        opening.result.close();
      };
    });
    return { left, errors: state.errors.map(({ code }) => code) };
  });
}

/** How much there is to do, once that is nothing or after a while. */
function look(page) {
  return page.run(async ({ state }) => {
    const left = () => state.client.stats.queuedMessages + state.client.stats.inFlight;
    for (let turn = 0; turn < 500 && left() > 0; turn++)
      await new Promise((resolve) => setTimeout(resolve, 10));
    return left();
  });
}
