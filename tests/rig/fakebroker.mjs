// A scripted server: a test says, packet by packet, what the broker does, and sees every byte the client sent.
import { createServer } from "node:http";
import { WebSocketServer } from "ws";
import { connack, levelOf, takePacket } from "./packets.mjs";
import { listen } from "./rig.mjs";
import { waiters } from "./wait.mjs";

/**
 * Starts a server on which `script(connection, n)` plays connection number `n` (from 0).
 * `subprotocol` is what the handshake answers with; "" sends no such header.
 * Resolves with `{ port, connections, connection(n), failures, stop() }`.
 */
export async function startFakeBroker(script, { subprotocol = "mqtt" } = {}) {
  const server = createServer((_request, response) => response.writeHead(426).end());
  const sockets = new WebSocketServer({ server, handleProtocols: () => subprotocol || false });
  const connections = [];
  const failures = [];
  const arrivals = waiters();
  sockets.on("connection", (socket, request) => {
    const connection = converse(socket, request);
    const n = connections.push(connection) - 1;
    arrivals.wake();
    // Settles with the script. A client that hangs up ends it, which is no failure unless a test waits for this.
    connection.completed = (async () => script(connection, n))();
    connection.completed.catch((error) => error instanceof HungUp || failures.push(error));
  });
  const port = await listen(server);
  const stop = async () => {
    for (const socket of sockets.clients) socket.terminate();
    await new Promise((resolve) => server.close(resolve));
    if (failures.length > 0) throw new AggregateError(failures, "the script of a fake broker failed");
  };
  const connection = (n) => arrivals.until(() => connections[n], `connection ${n} to the fake broker`);
  return { port, connections, connection, failures, stop };
}

class HungUp extends Error {}

/** One client's connection, seen from the server. */
function converse(socket, request) {
  const changes = waiters();
  const packets = [];
  let received = Buffer.alloc(0);
  let rest = received;
  let nextPacket = 0;
  let over = false;
  const closed = new Promise((resolve) => {
    socket.on("close", (code) => {
      over = true;
      changes.wake();
      resolve({ code });
    });
  });
  socket.on("error", () => {}); // "close" follows
  socket.on("message", (data) => {
    received = Buffer.concat([received, data]);
    rest = Buffer.concat([rest, data]);
    for (let taken = takePacket(rest); taken; taken = takePacket(rest)) {
      packets.push(taken.packet);
      rest = taken.rest;
    }
    changes.wake();
  });

  const connection = {
    /** Subprotocols the client offered, as sent. */
    offered: request.headers["sec-websocket-protocol"],
    packets,
    closed,
    get received() {
      return received;
    },
    names: () => packets.map((packet) => packet.name),
    /** The next packet that `next` has not handed out yet; throws when it is not a `name`. */
    async next(name) {
      const packet = await changes.until(() => {
        if (nextPacket >= packets.length && over) throw new HungUp(`the client hung up before ${name}`);
        return packets[nextPacket];
      }, name ?? "any packet");
      nextPacket++;
      if (name && packet.name !== name) throw new Error(`expected ${name}, got ${packet.name}`);
      return packet;
    },
    /** Sends each argument (Buffer, or hex text) as one WebSocket message. */
    send(...messages) {
      for (const bytes of messages) socket.send(typeof bytes === "string" ? fromHex(bytes) : bytes);
    },
    sendText: (text) => socket.send(text),
    /** Reads CONNECT and accepts it; resolves with the protocol level. */
    async accept(options) {
      const level = levelOf(await connection.next("CONNECT"));
      connection.send(connack(level, options));
      return level;
    },
    /** Reads no more, so that what the client sends piles up on the way, until `resume`. */
    pause: () => socket.pause(),
    resume: () => socket.resume(),
    close: (code, reason) => socket.close(code, reason),
    drop: () => socket.terminate(),
  };
  return connection;
}

export const fromHex = (text) => Buffer.from(text.replaceAll(/\s/g, ""), "hex");
