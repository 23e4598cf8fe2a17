// Runs child processes: silent when quick, one progress line now and then when slow, the whole output on failure.
import { spawn } from "node:child_process";
import { root } from "./paths.mjs";

const PROGRESS_EVERY_MS = 15_000;
const LINE_WIDTH = 100;

/** An error whose message is meant for the terminal as it is, without a stack. */
export class Failure extends Error {}

/** Prints a `Failure` as one line (anything else with its stack) and ends the process with status 1. */
export function exitWith(error) {
  console.error(error instanceof Failure ? error.message : error);
  process.exit(1);
}

/**
 * Runs a command and resolves with `{ code, output, seconds }`; rejects only when it cannot be started.
 * With `label` it prints progress; after `limitSeconds` it ends the command and everything that one started.
 */
export function run(command, args, { cwd = root, env = process.env, label, limitSeconds } = {}) {
  const started = performance.now();
  const seconds = () => (performance.now() - started) / 1000;
  return new Promise((resolve, reject) => {
    const ownGroup = limitSeconds !== undefined;
    const child = spawn(command, args, { cwd, env, stdio: ["ignore", "pipe", "pipe"], detached: ownGroup });
    const guard = ownGroup ? guardGroup(child, limitSeconds) : undefined;
    const chunks = [];
    for (const stream of [child.stdout, child.stderr]) stream.on("data", (chunk) => chunks.push(chunk));
    const text = () => Buffer.concat(chunks).toString();
    const progress = () => console.log(`  ${label}: ${Math.round(seconds())} s, ${lastLine(text())}`);
    const ticker = label && setInterval(progress, PROGRESS_EVERY_MS);
    const settle = () => {
      clearInterval(ticker);
      guard?.release();
    };
    child.on("error", (cause) => {
      settle();
      reject(new Failure(`cannot start ${command}: ${cause.message}`));
    });
    child.on("close", (code, signal) => {
      settle();
      const why = guard?.expired() ? `no end after ${limitSeconds} s` : `signal ${signal}`;
      resolve({ code: code ?? why, output: text(), seconds: seconds() });
    });
  });
}

/** Like `run`, but a failing command shows its output and rejects. */
export async function must(command, args, options = {}) {
  const result = await run(command, args, options);
  if (result.code === 0) return result;
  process.stderr.write(`\n${result.output}\n`);
  throw new Failure(`failed (${result.code}): ${[command, ...args].join(" ")}`);
}

/** Runs `action` under a title: one line when it starts, one with the seconds it took when it is done. */
export async function step(title, action) {
  const started = performance.now();
  console.log(`- ${title} …`);
  const result = await action();
  console.log(`  done in ${((performance.now() - started) / 1000).toFixed(1)} s`);
  return result;
}

/** Ends a child's whole process group when its time is up, or when this process is told to stop. */
function guardGroup(child, limitSeconds) {
  let late = false;
  const end = () => {
    try {
      process.kill(-child.pid, "SIGKILL");
    } catch {
      // The group has ended by itself.
    }
  };
  const timer = setTimeout(() => {
    late = true;
    end();
  }, limitSeconds * 1000);
  const stop = (signal) => {
    end();
    process.exit(signal === "SIGINT" ? 130 : 143);
  };
  for (const signal of ["SIGINT", "SIGTERM"]) process.on(signal, stop);
  return {
    expired: () => late,
    release() {
      clearTimeout(timer);
      for (const signal of ["SIGINT", "SIGTERM"]) process.off(signal, stop);
    },
  };
}

function lastLine(text) {
  const complete = text.slice(0, Math.max(text.lastIndexOf("\n"), text.lastIndexOf("\r"), 0));
  const line =
    complete
      .trimEnd()
      .split(/[\r\n]+/)
      .at(-1) ?? "";
  return line.trim().slice(0, LINE_WIDTH) || "no output yet";
}
