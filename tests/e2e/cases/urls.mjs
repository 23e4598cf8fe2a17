// Several URLs: which one is taken, and that a connection that holds is left alone.
import assert from "node:assert/strict";
import { promptly, versions } from "../support/world.mjs";

const connect = async ({ mqtt, state, next }, urls, options) => {
  state.asked = [];
  const webSocket = (url, protocols) => {
    state.asked.push(urls.indexOf(url));
    return new WebSocket(url, protocols);
  };
  state.client = await mqtt.connect(urls, { ...options, webSocket });
  state.again = next(state.client, "connect");
};
const again = async ({ state, next }) => {
  await state.again;
  state.again = next(state.client, "connect");
};
const asked = ({ state }) => state.asked;

export default function (world, it) {
  const run = (...args) => world.page.run(...args);

  for (const protocolVersion of versions) {
    // `stableAfter: 0`: a connection that the server accepted has proved itself.
    const options = { protocolVersion, reconnect: { ...promptly, stableAfter: 0 } };

    it(`v${protocolVersion}: the second URL is taken while the first one does not work, and then again`, async (t) => {
      const first = await world.fakeBroker(t, (connection) => connection.drop());
      const second = await world.fakeBroker(t, (connection) => connection.accept());
      await run(connect, [first.url, second.url], options);
      (await second.connection(0)).drop();
      await run(again);
      assert.deepEqual(await run(asked), [0, 1, 1]);
      assert.equal(second.connections.length, 2);
      await run(({ state }) => state.client.close());
    });

    it(`v${protocolVersion}: a URL that works again gets its turn at the next failure, and not before`, async (t) => {
      const accepts = new Set(["first 0", "second 0", "first 2"]);
      const broker = (name) =>
        world.fakeBroker(t, (connection, n) =>
          accepts.has(`${name} ${n}`) ? connection.accept() : connection.drop(),
        );
      const [first, second] = [await broker("first"), await broker("second")];
      await run(connect, [first.url, second.url], options);
      (await first.connection(0)).drop(); // tried once more, then rests
      await run(again);
      assert.deepEqual(await run(asked), [0, 0, 1]);
      (await second.connection(0)).drop(); // the same, and the first one has rested longer
      await run(again);
      assert.deepEqual(await run(asked), [0, 0, 1, 1, 0]);
      await run(({ state }) => state.client.close({ force: true }));
    });
  }
}
