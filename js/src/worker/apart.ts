// What is loaded only by clients with `worker`: it starts the worker, and stands for its engine.
import type { Glue } from "../boundary.js";
import type { Ready } from "./messages.js";
import { decodeProperties } from "./properties.js";
import { RemoteEngine, type WorkerPort } from "./remote.js";

/** Milliseconds that a worker may take to begin; twice, because a timer also comes late when the page was busy. */
const START_MS = 5000;

/**
 * Starts a worker of `make`, by default from the script beside this one, and gives it `module`. Resolves with what stands for
 * its WebAssembly instance, which makes one engine; rejects with why there is none. `signal` ends it as long as it has no
 * engine.
 */
export async function openWorker(
  make: (() => WorkerPort) | undefined,
  module: Promise<WebAssembly.Module>,
  signal: AbortSignal,
): Promise<Glue> {
  const worker = (make ?? beside)();
  const stop = () => worker.terminate();
  try {
    signal.addEventListener("abort", stop);
    await begin(worker, module, signal);
  } catch (error) {
    signal.removeEventListener("abort", stop);
    stop();
    throw error;
  }
  const memory = { buffer: new ArrayBuffer(0), isStill: true };
  return {
    memory,
    createEngine(host, options) {
      signal.removeEventListener("abort", stop);
      return new RemoteEngine(worker, memory, host, options);
    },
    decodeProperties,
  };
}

function begin(worker: WorkerPort, module: Promise<WebAssembly.Module>, signal: AbortSignal): Promise<void> {
  return new Promise<void>((resolve, reject) => {
    const late = () => reject(new Error("The worker did not begin in time."));
    let timer = setTimeout(() => {
      timer = setTimeout(late, START_MS);
    }, START_MS);
    const done = () => clearTimeout(timer);
    signal.addEventListener("abort", () => reject(signal.reason), { once: true });
    worker.onmessage = ({ data }: MessageEvent<Ready>) => {
      done();
      if (data.failure === undefined) resolve();
      else reject(new Error(data.failure));
    };
    worker.onerror = (event) => {
      done();
      event.preventDefault?.(); // told as a notice
      // A script that cannot be loaded has no message, and browsers do not say why.
      reject(new Error((event as ErrorEvent).message || "The worker's script could not be loaded."));
    };
    worker.onmessageerror = () => reject(new Error("The worker could not take the module."));
    module.then(
      (compiled) => worker.postMessage(compiled),
      (error) => {
        done();
        reject(error);
      },
    );
  });
}

/** Bundlers recognise this expression, build the worker and put the right location in. */
function beside(): Worker {
  return new Worker(new URL("./worker.js", import.meta.url), { type: "module", name: "wasmqtt" });
}
