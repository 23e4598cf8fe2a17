// Messages for a client, framed in advance, so that sending them costs the server next to nothing.
import { publish } from "./packets.mjs";
import { frame } from "./websocket.mjs";

const BLOCK_BYTES = 1 << 18;
const IDENTIFIERS = 4096; // how many packet identifiers QoS 1 and 2 take turns with; more than ever are in flight

/**
 * A block of frames to be sent over and over: `{ bytes, ends, perFrame }`. `ends[k]` is where frame `k` ends.
 * `topics` take turns; with `frameBytes` as many messages share a frame as fit.
 */
export function makeBlock({ topics, size, qos = 0, frameBytes = 0 }) {
  const payload = Buffer.alloc(size, "a");
  const sample = publish(topics[0], payload, qos, 1);
  const perFrame = Math.max(1, Math.floor(frameBytes / sample.length));
  const wanted = qos > 0 ? IDENTIFIERS : Math.max(topics.length, Math.ceil(BLOCK_BYTES / sample.length));
  const count = Math.ceil(wanted / perFrame);
  const frames = [];
  const ends = new Uint32Array(count);
  let length = 0;
  for (let index = 0; index < count; index++) {
    const packets = Array.from({ length: perFrame }, (_, k) => {
      const number = index * perFrame + k;
      return publish(topics[number % topics.length], payload, qos, 1 + (number % IDENTIFIERS));
    });
    const bytes = frame(...packets);
    length += bytes.length;
    ends[index] = length;
    frames.push(bytes);
  }
  return { bytes: Buffer.concat(frames), ends, perFrame };
}

/** Sends whole frames of a block, around and around; the position stays from one run to the next. */
export class Flood {
  #block;
  #next = 0;
  #left = 0;

  constructor(block) {
    this.#block = block;
  }

  /** How many messages these are in whole frames. */
  planned(messages) {
    return Math.ceil(messages / this.#block.perFrame) * this.#block.perFrame;
  }

  /** Asks for at least `messages` more. Answers how many exactly. */
  order(messages) {
    const exactly = this.planned(messages);
    this.#left += exactly / this.#block.perFrame;
    return exactly;
  }

  /** Writes at most `most` frames while the socket takes them. Answers how many it wrote. */
  write(socket, most = Number.POSITIVE_INFINITY) {
    const { bytes, ends } = this.#block;
    let written = 0;
    while (this.#left > 0 && written < most) {
      const count = Math.min(this.#left, most - written, ends.length - this.#next);
      const from = this.#next === 0 ? 0 : ends[this.#next - 1];
      const goesOn = socket.write(bytes.subarray(from, ends[this.#next + count - 1]));
      this.#next = (this.#next + count) % ends.length;
      this.#left -= count;
      written += count;
      if (!goesOn) break;
    }
    return written;
  }
}
