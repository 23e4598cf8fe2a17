// What the client and the glue take from the global scope and some places lack. The builds for these places put the
// names below in the place of the global ones, in the package's own modules alone: nothing is defined for anybody else.
// What a place has is used.
import { Utf8Decoder, Utf8Encoder } from "./text.js";

const OwnEncoder = typeof TextEncoder === "function" ? TextEncoder : Utf8Encoder;
const OwnDecoder = typeof TextDecoder === "function" ? TextDecoder : Utf8Decoder;
const ownPerformance =
  typeof performance === "object" && typeof performance.now === "function" ? performance : { now: elapsed };
const ownQueueMicrotask = typeof queueMicrotask === "function" ? queueMicrotask : afterThis;
const OwnWebSocket = typeof WebSocket === "function" ? WebSocket : undefined;
const OwnRegistry =
  typeof FinalizationRegistry === "function"
    ? FinalizationRegistry
    : class {
        register(): void {}
        unregister(): void {}
      };

let seen = Date.now();
let passed = 0;

/** Milliseconds of a clock that never goes back, from one that may be set. */
function elapsed(): number {
  const now = Date.now();
  passed += Math.max(0, now - seen);
  seen = now;
  return passed;
}

function afterThis(run: () => void): void {
  Promise.resolve()
    .then(run)
    .catch((error) =>
      setTimeout(() => {
        throw error;
      }, 0),
    );
}

export {
  OwnDecoder as TextDecoder,
  OwnEncoder as TextEncoder,
  OwnRegistry as FinalizationRegistry,
  OwnWebSocket as WebSocket,
  ownPerformance as performance,
  ownQueueMicrotask as queueMicrotask,
};
