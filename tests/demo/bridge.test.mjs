import assert from "node:assert/strict";
import { once } from "node:events";
import http from "node:http";
import net from "node:net";
import { afterEach, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { WebSocket, WebSocketServer } from "ws";
import { createBridge } from "../../www-demo/server/bridge.mjs";
import { freePort } from "../rig/rig.mjs";

const cleanUps = [];
afterEach(async () => {
  for (const cleanUp of cleanUps.splice(0).reverse()) await cleanUp();
});

/** A TCP server that hands out its connections. */
async function tcpServer(onConnection) {
  const sockets = new Set();
  const server = net.createServer({ allowHalfOpen: false }, (socket) => {
    sockets.add(socket);
    socket.on("error", () => {});
    onConnection(socket);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  cleanUps.push(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  return new URL(`mqtt://127.0.0.1:${server.address().port}`);
}

/** The address of a broker that is not there. */
const deserted = async () => new URL(`mqtt://127.0.0.1:${await freePort()}`);

/** The bridge on a plain HTTP server; answers a function that dials it. */
async function bridgeTo(target, options = {}) {
  const bridge = createBridge({ target, ...options });
  const server = http.createServer();
  server.on("upgrade", (request, socket, head) => bridge.upgrade(request, socket, head));
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  cleanUps.push(() => {
    bridge.close();
    server.close();
    server.closeAllConnections();
  });
  const url = `ws://127.0.0.1:${server.address().port}/mqtt`;
  return (protocols = "mqtt", more = {}) => new WebSocket(url, protocols, more);
}

/** Status and body of a refused upgrade. */
async function refusal(socket) {
  socket.on("error", () => {});
  const [, response] = await once(socket, "unexpected-response");
  let body = "";
  for await (const chunk of response) body += chunk;
  return [response.statusCode, body];
}

async function closeOf(socket) {
  const [code, reason] = await once(socket, "close");
  return [code, reason.toString()];
}

/** Polls, for ten seconds at most; what is asserted afterwards says what was missing. */
async function until(reached) {
  for (let tries = 0; !reached() && tries < 1_000; tries++) await sleep(10);
}

const echo = (socket) => socket.pipe(socket);

test("a plain question is told that this is a WebSocket, or why one would fail", async () => {
  const target = await tcpServer((socket) => socket.resume());
  assert.equal((await createBridge({ target }).explain())[0], 426);
  const [status, text] = await createBridge({ target: await deserted() }).explain();
  assert.deepEqual([status, /cannot be reached/.test(text)], [502, true]);
});

test("speaks the subprotocol mqtt and passes bytes both ways", async () => {
  const dial = await bridgeTo(await tcpServer(echo));
  const page = dial();
  await once(page, "open");
  assert.equal(page.protocol, "mqtt");
  page.send(Buffer.from([1, 2, 3]));
  const [data, isBinary] = await once(page, "message");
  assert.deepEqual([[...data], isBinary], [[1, 2, 3], true]);
  page.terminate();
});

test("chooses mqtt among several offers", async () => {
  const dial = await bridgeTo(await tcpServer(echo));
  const page = dial(["mqttv3.1", "mqtt"]);
  await once(page, "open");
  assert.equal(page.protocol, "mqtt");
  page.terminate();
});

for (const offer of [[], ["mqttv3.1"]]) {
  test(`HTTP 400 when the page offers [${offer}]`, async () => {
    const dial = await bridgeTo(await tcpServer(echo));
    const [status, body] = await refusal(dial(offer));
    assert.equal(status, 400);
    assert.match(body, /subprotocol "mqtt"/);
  });
}

test("HTTP 403 for a page of another origin, 101 for the own", async () => {
  const dial = await bridgeTo(await tcpServer(echo));
  assert.equal((await refusal(dial("mqtt", { origin: "https://elsewhere.test" })))[0], 403);
  const host = new URL(dial().on("error", () => {}).url).host;
  const own = dial("mqtt", { origin: `https://${host}` });
  await once(own, "open");
  own.terminate();
});

test("HTTP 502 when nobody listens at the broker's address", async () => {
  const [status, body] = await refusal((await bridgeTo(await deserted()))());
  assert.equal(status, 502);
  assert.match(body, /ECONNREFUSED/);
});

test("the broker's FIN is a clean close after everything it sent", async () => {
  const dial = await bridgeTo(await tcpServer((socket) => socket.end("bye")));
  const page = dial();
  const closed = closeOf(page);
  const [data] = await once(page, "message");
  assert.equal(data.toString(), "bye");
  assert.deepEqual(await closed, [1000, "the broker closed the connection"]);
});

test("the broker's RST closes with 1011", async () => {
  const dial = await bridgeTo(
    await tcpServer((socket) => socket.once("data", () => socket.resetAndDestroy())),
  );
  const page = dial();
  await once(page, "open");
  page.send("x", { binary: true });
  assert.equal((await closeOf(page))[0], 1011);
});

test("a page that vanishes resets the broker's connection, one that closes ends it", async () => {
  const ends = [];
  const target = await tcpServer((socket) => {
    socket.on("error", ({ code }) => ends.push(code)).on("end", () => ends.push("FIN"));
    socket.resume();
  });
  const dial = await bridgeTo(target);
  for (const leave of [(page) => page.terminate(), (page) => page.close(1000)]) {
    const page = dial();
    await once(page, "open");
    const before = ends.length;
    leave(page);
    await until(() => ends.length > before);
  }
  assert.deepEqual(ends, ["ECONNRESET", "FIN"]);
});

test("text frames close with 1003, oversized messages with 1009", async () => {
  const dial = await bridgeTo(await tcpServer(echo), { maxPayload: 1_000 });
  for (const [message, code] of [
    ["text", 1003],
    [Buffer.alloc(1_001), 1009],
  ]) {
    const page = dial();
    await once(page, "open");
    page.send(message);
    assert.equal((await closeOf(page))[0], code);
  }
});

test("a page that does not read makes the broker wait, and loses nothing", async () => {
  const size = 64 * 1024 * 1024;
  let broker;
  const target = await tcpServer((socket) => {
    broker = socket;
    socket.write(Buffer.alloc(size, 7));
  });
  const page = (await bridgeTo(target))();
  page.pause();
  let received = 0;
  page.on("message", (data) => {
    received += data.length;
  });
  await once(page, "open");
  page.pause();
  let left = -1;
  for (let tries = 0; left !== broker.writableLength && tries < 100; tries++) {
    left = broker.writableLength;
    await sleep(100);
  }
  assert.ok(left > size / 4, `the broker still holds ${left} of ${size} bytes`);
  page.resume();
  await until(() => received === size);
  assert.equal(received, size);
  page.terminate();
});

test("a broker that does not read makes the page wait, and loses nothing", async () => {
  const size = 32 * 1024 * 1024;
  let broker;
  const target = await tcpServer((socket) => {
    broker = socket.pause();
  });
  const page = (await bridgeTo(target))();
  await once(page, "open");
  for (let sent = 0; sent < size; sent += 1024 * 1024) page.send(Buffer.alloc(1024 * 1024, 7));
  let left = -1;
  for (let tries = 0; left !== page.bufferedAmount && tries < 100; tries++) {
    left = page.bufferedAmount;
    await sleep(100);
  }
  assert.ok(left > size / 4, `the page still holds ${left} of ${size} bytes`);
  let received = 0;
  broker.on("data", (chunk) => {
    received += chunk.length;
  });
  broker.resume();
  await until(() => received === size);
  assert.equal(received, size);
  page.terminate();
});

test("a WebSocket broker: bytes, and its close code with the reason", async () => {
  const server = new WebSocketServer({ port: 0, host: "127.0.0.1", handleProtocols: () => "mqtt" });
  await once(server, "listening");
  cleanUps.push(() => {
    for (const client of server.clients) client.terminate();
    server.close();
  });
  server.on("connection", (socket) => {
    socket.on("message", (data) => (data.length === 1 ? socket.close(1008, "go away") : socket.send(data)));
  });
  const page = (await bridgeTo(new URL(`ws://127.0.0.1:${server.address().port}/mqtt`)))();
  await once(page, "open");
  page.send(Buffer.from("abc"));
  assert.equal((await once(page, "message"))[0].toString(), "abc");
  page.send(Buffer.from("x"));
  assert.deepEqual(await closeOf(page), [1008, "go away"]);
});
