// How fast the load server is by itself: a plain TCP client that looks at no byte takes from it and gives to it.
import { connect } from "node:net";
import { publish } from "./packets.mjs";
import { clientFrame } from "./websocket.mjs";

const PIECE = 1 << 16; // bytes a write
const CONNECT = [0x10, 12, 0, 4, 0x4d, 0x51, 0x54, 0x54, 4, 2, 0, 0, 0, 0];

/** Messages a second for `size` bytes of payload: sent one in a frame, sent packed, received one in a frame, received packed. */
export async function measureCeiling(server, { size, messages }) {
  return {
    sendsAlone: await takes(server, { size, messages, frameBytes: 0 }),
    sendsPacked: await takes(server, { size, messages: messages * 4, frameBytes: 16_384 }),
    takesAlone: await gives(server, { size, messages, perFrame: 1 }),
    takesPacked: await gives(server, { size, messages: messages * 4, perFrame: 100 }),
  };
}

async function takes(server, { size, messages, frameBytes }) {
  const socket = await open(server);
  let bytes = 0;
  let wake = () => {};
  socket.on("data", (chunk) => {
    bytes += chunk.length;
    wake();
  });
  await server.ask("prepare", { topics: ["ceiling"], size, frameBytes });
  bytes = 0;
  const start = performance.now();
  const exactly = await server.ask("flood", { messages });
  const goal = exactly * publish("ceiling", Buffer.alloc(size)).length; // frame headers come on top
  await new Promise((resolve) => {
    wake = () => bytes >= goal && resolve();
    wake();
  });
  socket.destroy();
  return (1000 * exactly) / (performance.now() - start);
}

async function gives(server, { size, messages, perFrame }) {
  const socket = await open(server);
  socket.resume();
  const packet = publish("ceiling", Buffer.alloc(size, "a"));
  const one = clientFrame(...Array.from({ length: perFrame }, () => packet));
  const frames = Math.max(1, Math.floor(PIECE / one.length));
  const piece = Buffer.concat(Array.from({ length: frames }, () => one));
  const pieces = Math.ceil(messages / (frames * perFrame));
  await server.ask("count");
  const counted = server.ask("counted", { total: pieces * frames * perFrame });
  for (let i = 0; i < pieces; i++) {
    if (!socket.write(piece)) await new Promise((resolve) => socket.once("drain", resolve));
  }
  const { rate } = await counted;
  socket.destroy();
  return rate;
}

/** A connection after CONNACK. */
async function open({ port }) {
  const socket = connect(port, "127.0.0.1");
  const head = [
    "GET /mqtt HTTP/1.1",
    "Host: localhost",
    "Upgrade: websocket",
    "Connection: Upgrade",
    "Sec-WebSocket-Version: 13",
    `Sec-WebSocket-Key: ${Buffer.alloc(16).toString("base64")}`,
    "Sec-WebSocket-Protocol: mqtt",
  ];
  socket.write(`${head.join("\r\n")}\r\n\r\n`);
  let seen = Buffer.alloc(0);
  await new Promise((resolve, reject) => {
    socket.once("error", reject);
    socket.on("data", function look(chunk) {
      const hadHead = seen.includes("\r\n\r\n");
      seen = Buffer.concat([seen, chunk]);
      if (!hadHead && seen.includes("\r\n\r\n")) socket.write(clientFrame(Buffer.from(CONNECT)));
      if (!seen.includes(Buffer.from([0x82, 4, 0x20, 2, 0, 0]))) return;
      socket.off("data", look);
      resolve();
    });
  });
  return socket;
}
