// The floor: the least code that can do what is measured, written by hand and for nothing else. It checks nothing, keeps no
// session, and is no client for people: what it does not reach, no client on the page's thread of this browser reaches.
import { whenRoom } from "./room.js";

const text = new TextEncoder();
const [PUBLISH, PUBACK, PUBREC, PUBREL, PUBCOMP, SUBACK] = [3, 4, 5, 6, 7, 9];
const PIECE = 1 << 16; // bytes that are gathered at most; larger packets go out by themselves
const MOST = 50; // bytes of a packet besides its payload, at most
const SOON_MS = 1; // what comes this long after the last piece need not wait for company

export default () => floorOf({ isPromising: true });

/** `isPromising`: a publish makes a promise, as the API of this package does. `Socket`: what it uses as such. */
export function floorOf({ isPromising, Socket = WebSocket }) {
  let socket;
  let handler;
  const handlers = new Map(); // by topic, where each has its own
  let onSuback;
  let id = 0;
  const waiting = []; // by packet identifier

  const piece = new Uint8Array(PIECE);
  let length = 0;
  let sentAt = 0;
  let taken = []; // QoS 0: those in the piece
  let isDue = false;
  const turn = new MessageChannel();
  const flush = () => {
    isDue = false;
    if (length === 0) return;
    socket.send(piece.subarray(0, length));
    length = 0;
    sentAt = performance.now();
    if (taken.length > 0) whenAll(taken);
  };
  turn.port1.onmessage = flush;
  const whenAll = (settles) => {
    taken = [];
    whenRoom(socket, () => {
      for (const settle of settles) settle();
    });
  };
  /** All packets of a turn leave together; one alone leaves at once. */
  const room = (bytes) => {
    if (length + bytes > PIECE) flush();
    if (isDue) return;
    isDue = true;
    if (performance.now() - sentAt > SOON_MS) queueMicrotask(flush);
    else turn.port2.postMessage(0);
  };
  const answer = (first, high, low) => {
    room(4);
    piece[length++] = first;
    piece[length++] = 2;
    piece[length++] = high;
    piece[length++] = low;
  };

  const known = new Map(); // by what their bytes add up to
  let last = { bytes: new Uint8Array() };
  const isAt = (bytes, at, one) => {
    for (let i = 0; i < one.length; i++) if (bytes[at + i] !== one[i]) return false;
    return true;
  };
  /** The topic that begins there, with its handler: the same object for the same bytes. */
  const topicAt = (bytes, at, size) => {
    if (last.bytes.length === size && isAt(bytes, at, last.bytes)) return last;
    let sum = 0;
    for (let i = at; i < at + size; i++) sum = (Math.imul(sum, 31) + bytes[i]) | 0;
    last = known.get(sum);
    if (last?.bytes.length === size && isAt(bytes, at, last.bytes)) return last;
    const own = bytes.slice(at, at + size);
    const name = new TextDecoder().decode(own);
    const wild = name.replace(/[^/]*$/, "+"); // the only other filters that are measured
    last = { bytes: own, name, handler: handlers.get(name) ?? handlers.get(wild) ?? handler };
    known.set(sum, last);
    return last;
  };
  const onMessage = ({ data }) => {
    const bytes = new Uint8Array(data);
    for (let at = 0; at < bytes.length; ) {
      const first = bytes[at++];
      let size = bytes[at++];
      if (size > 127) {
        size &= 127;
        for (let shift = 7, byte = 128; byte > 127; shift += 7) {
          byte = bytes[at++];
          size |= (byte & 127) << shift;
        }
      }
      const end = at + size;
      switch (first >> 4) {
        case PUBLISH: {
          const name = (bytes[at] << 8) | bytes[at + 1];
          let body = at + 2 + name;
          const qos = (first >> 1) & 3;
          if (qos > 0) {
            answer(qos === 1 ? 0x40 : 0x50, bytes[body], bytes[body + 1]);
            body += 2;
          }
          const topic = topicAt(bytes, at + 2, name);
          topic.handler(topic.name, new Uint8Array(data, body, end - body));
          break;
        }
        case PUBACK:
        case PUBCOMP:
          waiting[(bytes[at] << 8) | bytes[at + 1]]();
          break;
        case PUBREC:
          answer(0x62, bytes[at], bytes[at + 1]);
          break;
        case PUBREL:
          answer(0x70, bytes[at], bytes[at + 1]);
          break;
        case SUBACK:
          onSuback();
          break;
      }
      at = end;
    }
  };

  let sendTopic = "";
  let sendBytes = new Uint8Array();
  const write = (to, at, first, payload) => {
    let rest = 2 + sendBytes.length + (first > 0x31 ? 2 : 0) + payload.length;
    to[at++] = first;
    for (; rest > 127; rest >>= 7) to[at++] = (rest & 127) | 128;
    to[at++] = rest;
    to[at++] = 0;
    to[at++] = sendBytes.length;
    to.set(sendBytes, at);
    at += sendBytes.length;
    if (first > 0x31) {
      to[at++] = id >> 8;
      to[at++] = id & 0xff;
    }
    to.set(payload, at);
    return at + payload.length;
  };
  const put = (to, payload, qos, settle) => {
    if (to !== sendTopic) {
      sendTopic = to;
      sendBytes = text.encode(to);
    }
    room(payload.length + MOST);
    if (qos > 0) id = (id % 65_535) + 1;
    length = write(piece, length, 0x30 | (qos << 1), payload);
    if (qos > 0) waiting[id] = settle;
    else taken.push(settle);
  };
  const subscribe = (filter, qos, given) => {
    handler = given;
    const name = text.encode(filter);
    socket.send(new Uint8Array([0x82, 5 + name.length, 0, 1, 0, name.length, ...name, qos]));
    return new Promise((resolve) => {
      onSuback = resolve;
    });
  };
  return {
    async open(url, clientId) {
      socket = new Socket(url, ["mqtt"]);
      socket.binaryType = "arraybuffer";
      await new Promise((resolve) => {
        socket.onopen = resolve;
      });
      const name = text.encode(clientId);
      socket.send(
        new Uint8Array([0x10, 12 + name.length, 0, 4, 77, 81, 84, 84, 4, 2, 0, 0, 0, name.length, ...name]),
      );
      await new Promise((resolve) => {
        socket.onmessage = resolve;
      });
      socket.onmessage = onMessage;
    },
    subscribe,
    route(filters, given) {
      for (const filter of filters) handlers.set(filter, (topic, payload) => given(topic, payload));
      return subscribe("#", 0, given);
    },
    publish(to, payload, qos, done) {
      if (isPromising) new Promise((settle) => put(to, payload, qos, settle)).then(done);
      else put(to, payload, qos, done);
    },
    close: () => socket.close(),
  };
}
