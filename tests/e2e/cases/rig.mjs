// The rig alone, with a bare WebSocket and hand-made bytes: when this fails, nothing below means anything.
import assert from "node:assert/strict";

const connectBytes = [0x10, 13, 0, 4, 77, 81, 84, 84, 4, 2, 0, 60, 0, 1, 65];

/** Opens a WebSocket, sends bytes, and resolves with what happened up to the first message or the close. */
const dial = ({ bounded, deferred }, url, bytes) => {
  const { promise, resolve } = deferred();
  const seen = [];
  const socket = new WebSocket(url, ["mqtt"]);
  socket.binaryType = "arraybuffer";
  socket.onopen = () => {
    seen.push("open");
    socket.send(new Uint8Array(bytes));
  };
  socket.onmessage = ({ data }) => resolve([...seen, [...new Uint8Array(data)]]);
  socket.onclose = () => resolve([...seen, "close"]);
  return bounded(promise, "an answer");
};

export default function (world, it) {
  const { connack, closed } = { connack: ["open", [0x20, 2, 0, 0]], closed: ["close"] };
  const dialed = (url) => world.page.run(dial, url, connectBytes);

  it("reaches the broker through TLS, gateway and bridge", async () => {
    assert.deepEqual(await dialed(`${world.gateway.wss}/mqtt`), connack);
    assert.deepEqual(await dialed(`${world.gateway.wss}/native`), connack);
  });

  it("refuses the anonymous at the protected listener", async () => {
    assert.deepEqual(await dialed(`${world.gateway.wss}/protected`), ["open", [0x20, 2, 0, 5]]);
  });

  it("breaks connections on request", async () => {
    const url = world.to(world.chaos.port);
    assert.deepEqual(await dialed(url), connack);
    world.chaos.set({ cutDown: () => 100 });
    assert.deepEqual(await dialed(url), closed);
    world.chaos.reset();
    world.chaos.set({ mode: "refuse" });
    assert.deepEqual(await dialed(url), closed);
  });

  it("lets a script play the broker and shows every byte", async (t) => {
    const fake = await world.fakeBroker(t, (connection) => connection.accept());
    assert.deepEqual(await dialed(fake.url), connack);
    assert.deepEqual([...(await fake.connection(0)).received], connectBytes);
  });
}
