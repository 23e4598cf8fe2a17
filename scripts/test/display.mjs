// A screen nobody looks at, for browsers that cannot do without one.
import { spawn } from "node:child_process";
import { Failure } from "../lib/run.mjs";

const START_LIMIT_MS = 20_000;

/** Starts Xvfb on a free display. Resolves with `{ name, stop }`; it also ends with this process. */
export function startDisplay() {
  const args = ["-displayfd", "3", "-screen", "0", "1280x800x24", "-nolisten", "tcp"];
  const server = spawn("Xvfb", args, { stdio: ["ignore", "ignore", "pipe", "pipe"] });
  const stop = () => server.kill();
  process.once("exit", stop);
  return new Promise((resolve, reject) => {
    let complaints = "";
    const fail = (why) => {
      clearTimeout(timer);
      reject(new Failure(`Xvfb did not start: ${why} ${complaints.trim()}`.trim()));
    };
    const timer = setTimeout(fail, START_LIMIT_MS, "no answer.");
    server.stderr.on("data", (chunk) => {
      complaints += chunk;
    });
    server.on("error", ({ message }) => fail(message));
    server.on("exit", (code) => fail(`it ended with ${code}.`));
    server.stdio[3].once("data", (number) => {
      clearTimeout(timer);
      resolve({ name: `:${String(number).trim()}`, stop });
    });
  });
}
