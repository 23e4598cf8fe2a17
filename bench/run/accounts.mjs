// Who had how much CPU time: the browser's processes, the threads of pages, and the whole machine.
import { readdirSync, readFileSync } from "node:fs";
import os from "node:os";
import WebSocket from "ws";
import { within } from "../../tests/rig/wait.mjs";

const ANSWER_MS = 5000;
const NANOSECONDS = 1e9;
const [PAGE, NETWORK] = ["renderer", "network.mojom.NetworkService"];
const IO_THREAD = "Chrome_ChildIOT"; // takes what the network process sends, and hands it to the page's thread

/**
 * Resolves with `{ open(), close() }`. `open()` resolves with a function, which resolves with seconds of CPU time since then: of `all`
 * threads of pages, of their threads for input and output (`io`, where the system tells: Linux), of the `network` process;
 * and `left`, the part of all cores that was idle.
 */
export async function openAccounts(address) {
  const socket = new WebSocket(address);
  const waiting = new Map();
  let calls = 0;
  socket.on("message", (data) => {
    const { id, result } = JSON.parse(data);
    waiting.get(id)?.(result);
    waiting.delete(id);
  });
  await new Promise((resolve, reject) => socket.on("open", resolve).on("error", reject));
  const ask = () =>
    new Promise((resolve) => {
      waiting.set(++calls, resolve);
      socket.send(JSON.stringify({ id: calls, method: "SystemInfo.getProcessInfo" }));
    });
  const look = async () => {
    const { processInfo } = await within(ANSWER_MS, ask(), "no account of processes");
    const of = (type) => processInfo.filter((one) => one.type === type);
    const times = (list) => list.map(({ id, cpuTime }) => [id, cpuTime]);
    const [pages, network] = [of(PAGE), of(NETWORK)];
    const exact = network.flatMap(({ id }) => threads(id)); // the browser counts in steps of 10 ms
    return {
      all: new Map(times(pages)),
      io: new Map(pages.flatMap(({ id }) => threads(id, IO_THREAD))),
      network: new Map(exact.length > 0 ? exact : times(network)),
      machine: machineTime(),
    };
  };
  return {
    async open() {
      const first = await look();
      return async () => {
        const last = await look();
        const [total, idle] = last.machine.map((time, i) => time - first.machine[i]);
        const spent = (name) => since(first[name], last[name]);
        return {
          all: spent("all"),
          network: spent("network"),
          ...(last.io.size > 0 && { io: spent("io") }),
          left: idle / total,
        };
      };
    },
    close: () => socket.terminate(),
  };
}

/** What those had that were there before: a new process had its time for something else. */
function since(first, last) {
  return [...last].reduce((sum, [id, time]) => sum + (first.has(id) ? time - first.get(id) : 0), 0);
}

/** `[thread, seconds]` of each thread of a process, or of those with this name; none where the system does not tell. */
function threads(process, name) {
  try {
    const folder = `/proc/${process}/task`;
    const read = (thread, what) => readFileSync(`${folder}/${thread}/${what}`, "utf8");
    return readdirSync(folder)
      .filter((thread) => name === undefined || read(thread, "comm").trim() === name)
      .map((thread) => [thread, Number.parseInt(read(thread, "schedstat"), 10) / NANOSECONDS]);
  } catch {
    return [];
  }
}

/** Milliseconds of all cores since the start, and those of them that they were idle. */
function machineTime() {
  const times = os.cpus().map(({ times }) => times);
  const total = times.flatMap((one) => Object.values(one)).reduce((sum, one) => sum + one, 0);
  return [total, times.reduce((sum, { idle }) => sum + idle, 0)];
}
