// The bare WebSocket: counts what comes, sends what MQTT asks for and each message in a frame of its own. It checks nothing.
import { whenRoom } from "./room.js";

const text = new TextEncoder();
const [PUBLISH, PUBACK, PUBREC, PUBREL, PUBCOMP, SUBACK] = [3, 4, 5, 6, 7, 9];
const CONNECT_HEAD = [0, 4, 0x4d, 0x51, 0x54, 0x54, 4, 2, 0, 0];

export default function raw() {
  let socket;
  let handler;
  let packetBytes = 0;
  let id = 0;
  let onSuback;
  const waiting = new Map();

  const answer = (first, bytes, at) => socket.send(new Uint8Array([first, 2, bytes[at], bytes[at + 1]]));
  const finish = (bytes) => {
    const key = (bytes[2] << 8) | bytes[3];
    const done = waiting.get(key);
    waiting.delete(key);
    done?.();
  };
  const onPublish = (data) => {
    const first = new Uint8Array(data, 0, 1)[0];
    const qos = (first >> 1) & 3;
    if (qos === 0) {
      handler.count(packetBytes > 0 ? data.byteLength / packetBytes : 1);
      return;
    }
    const bytes = new Uint8Array(data);
    let at = 1;
    while (bytes[at++] > 127);
    at += 2 + ((bytes[at] << 8) | bytes[at + 1]);
    answer(qos === 1 ? 0x40 : 0x50, bytes, at);
    handler.count(1);
  };
  const onMessage = ({ data }) => {
    const bytes = new Uint8Array(data, 0, Math.min(4, data.byteLength));
    switch (bytes[0] >> 4) {
      case PUBLISH:
        onPublish(data);
        break;
      case PUBACK:
      case PUBCOMP:
        finish(bytes);
        break;
      case PUBREC:
        answer(0x62, bytes, 2);
        break;
      case PUBREL:
        answer(0x70, bytes, 2);
        break;
      case SUBACK:
        onSuback();
        break;
    }
  };
  const subscribe = (filters, qos, given) => {
    handler = given;
    const list = filters.map((filter) => [...field(filter), qos]);
    socket.send(packet(0x82, [0, 1], ...list));
    return new Promise((resolve) => {
      onSuback = resolve;
    });
  };
  return {
    async open(url, clientId) {
      socket = new WebSocket(url, ["mqtt"]);
      socket.binaryType = "arraybuffer";
      await new Promise((resolve, reject) => {
        socket.onopen = resolve;
        socket.onerror = reject;
      });
      socket.send(packet(0x10, CONNECT_HEAD, field(clientId)));
      await new Promise((resolve) => {
        socket.onmessage = resolve;
      });
      socket.onmessage = onMessage;
    },
    packets(bytes) {
      packetBytes = bytes;
    },
    subscribe: (filter, qos, given) => subscribe([filter], qos, given),
    route: (_, given) => subscribe(["#"], 0, given),
    publish(topic, payload, qos, done) {
      const identifier = [];
      if (qos > 0) {
        id = (id % 65_535) + 1;
        identifier.push(id >> 8, id & 0xff);
        waiting.set(id, done);
      }
      socket.send(packet(0x30 | (qos << 1), field(topic), identifier, payload));
      if (qos === 0) whenRoom(socket, done);
    },
    close: () => socket.close(),
  };
}

function field(string) {
  const bytes = text.encode(string);
  return [bytes.length >> 8, bytes.length & 0xff, ...bytes];
}

function packet(first, ...parts) {
  let rest = parts.reduce((sum, part) => sum + part.length, 0);
  const head = [first];
  for (; rest > 127; rest >>= 7) head.push((rest & 0x7f) | 0x80);
  head.push(rest);
  const bytes = new Uint8Array(head.length + parts.reduce((sum, part) => sum + part.length, 0));
  bytes.set(head);
  let at = head.length;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.length;
  }
  return bytes;
}
