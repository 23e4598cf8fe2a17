// Starts the rig's child processes and sees to it that each ends with the run, however the run ends.
import { spawn } from "node:child_process";
import { connect } from "node:net";
import { createInterface } from "node:readline";
import { atExit } from "./exit.mjs";

const START_MS = 20_000;
const STOP_MS = 3_000;
const RETRY_MS = 20;
const LINES_KEPT = 200;
const LINE_WIDTH = 400;

/**
 * Starts `command` in a process group of its own and waits until it is `ready`: until a line of its output
 * matches a pattern or, for a silent program, until it accepts connections on a port number.
 * `onLine` is called with every line, before a match is reported; `startMs` is how long to wait.
 * Resolves with `{ pid, match, output(), exited, ended(), stop() }`; `stop` ends the whole group, and `ended` says how
 * the command ended by itself: "code 1", "signal SIGKILL", or undefined while it runs.
 */
export async function launch(
  command,
  args,
  { ready, onLine = () => {}, env = process.env, cwd, startMs = START_MS } = {},
) {
  const child = spawn(command, args, { cwd, env, detached: true, stdio: ["ignore", "pipe", "pipe"] });
  const exited = new Promise((resolve) => child.once("exit", resolve).once("error", resolve));
  const endWithUs = () => signalGroup(child.pid, "SIGKILL");
  const stay = atExit(endWithUs);
  const ended = () => {
    if (child.signalCode !== null) return `signal ${child.signalCode}`;
    return child.exitCode === null ? undefined : `code ${child.exitCode}`;
  };

  const stop = async () => {
    signalGroup(child.pid, "SIGTERM");
    const impatience = setTimeout(() => signalGroup(child.pid, "SIGKILL"), STOP_MS);
    await exited;
    clearTimeout(impatience);
    endWithUs(); // what the child itself left behind
    stay();
  };

  const lines = [];
  const output = () => lines.join("\n") || "(it printed nothing)";
  let impatience;
  try {
    const match = await new Promise((resolve, reject) => {
      const fail = (why) => reject(new Error(`${command} ${why}\n${output()}`));
      impatience = setTimeout(() => fail(`was not ready after ${startMs} ms`), startMs);
      child.once("error", (error) => fail(`cannot be started: ${error.message}`));
      child.once("exit", () => fail(`ended with ${ended()} before it was ready`));
      for (const stream of [child.stdout, child.stderr]) {
        createInterface({ input: stream }).on("line", (line) => {
          if (lines.push(line.slice(0, LINE_WIDTH)) > LINES_KEPT) lines.shift();
          onLine(line);
          const found = ready instanceof RegExp && ready.exec(line);
          if (found) resolve(found);
        });
      }
      if (typeof ready === "number") accepting(ready, child).then(resolve);
    });
    return { pid: child.pid, match, output, exited, ended, stop };
  } catch (error) {
    await stop();
    throw error;
  } finally {
    clearTimeout(impatience);
  }
}

/** Resolves when something answers on `port`; gives up silently when `child` has ended. */
async function accepting(port, child) {
  while (child.exitCode === null && child.signalCode === null) {
    const answered = await new Promise((resolve) => {
      const socket = connect(port, "127.0.0.1");
      socket.once("connect", () => resolve(true)).once("error", () => resolve(false));
      socket.once("connect", () => socket.destroy());
    });
    if (answered) return;
    await new Promise((resolve) => setTimeout(resolve, RETRY_MS));
  }
}

/** Signals a group this module made; a group that is already gone is no error. */
function signalGroup(pid, signal) {
  if (pid === undefined) return;
  try {
    process.kill(-pid, signal);
  } catch (error) {
    if (error.code !== "ESRCH") throw error;
  }
}
