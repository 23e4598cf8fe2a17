// The floor with its socket in a worker: what is left for the page's thread at best.
import { floorOf } from "./floor.js";

export default () => ({ ...floorOf({ isPromising: true, Socket: SocketInWorker }), isApart: true });

/** As much of a WebSocket as the floor needs. Frames come joined: MQTT is a stream. */
class SocketInWorker {
  bufferedAmount = 0;
  #worker = new Worker(URL.createObjectURL(new Blob([`(${work})()`], { type: "text/javascript" })));

  constructor(url) {
    this.#worker.onmessage = ({ data }) => {
      if (data === true) return this.onopen();
      this.onmessage({ data });
      this.#worker.postMessage(true);
    };
    this.#worker.postMessage(url);
  }

  send(bytes) {
    const own = bytes.slice();
    this.#worker.postMessage(own, [own.buffer]);
  }

  close() {
    this.#worker.terminate();
  }
}

/** All of the worker: it hands over what came in two milliseconds, earlier where that is much. Two deliveries at most are under way. */
function work() {
  const [MANY, MUCH, SOON_MS] = [64, 1 << 19, 2];
  let socket;
  let frames = [];
  let bytes = 0;
  let credit = 2;
  let timer;
  const pass = () => {
    clearTimeout(timer);
    timer = undefined;
    if (credit === 0 || frames.length === 0) return;
    credit--;
    const buffer = joined();
    frames = [];
    bytes = 0;
    postMessage(buffer, [buffer]);
  };
  /** One large piece costs the page less than many. */
  const joined = () => {
    if (frames.length === 1) return frames[0];
    const block = new Uint8Array(bytes);
    let at = 0;
    for (const frame of frames) {
      block.set(new Uint8Array(frame), at);
      at += frame.byteLength;
    }
    return block.buffer;
  };
  const open = (url) => {
    socket = new WebSocket(url, ["mqtt"]);
    socket.binaryType = "arraybuffer";
    socket.onopen = () => postMessage(true);
    socket.onmessage = ({ data }) => {
      frames.push(data);
      bytes += data.byteLength;
      if (frames.length >= MANY || bytes >= MUCH) pass();
      else timer ??= setTimeout(pass, SOON_MS);
    };
  };
  globalThis.onmessage = ({ data }) => {
    if (typeof data === "string") open(data);
    else if (data === true) {
      credit++;
      if (timer === undefined) pass();
    } else socket.send(data);
  };
}
