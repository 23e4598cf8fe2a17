import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { chmod, mkdtemp, rm, writeFile } from "node:fs/promises";
import net from "node:net";
import os from "node:os";
import path from "node:path";
import { setTimeout as sleep } from "node:timers/promises";

const START_ATTEMPTS = 3;
const START_TIMEOUT_MS = 5_000;

/**
 * Starts a broker nobody else can reach: Mosquitto when it is installed, else Aedes inside this process.
 *
 * @param {{ log?: (line: string) => void, mosquitto?: string }} [options] `mosquitto`: its path, "" for none
 * @returns {Promise<{ name: string, version: string, url: URL, close(): Promise<void> }>}
 */
export async function startBroker({ log = () => {}, mosquitto = findMosquitto() } = {}) {
  if (mosquitto) {
    try {
      return await startMosquitto(mosquitto, log);
    } catch (error) {
      log(`Mosquitto did not start (${error.message}); using Aedes, which speaks MQTT 3.1.1 only.`);
    }
  }
  return startAedes();
}

/** @returns {string} path of the Mosquitto executable, "" when there is none */
export function findMosquitto() {
  const folders = [
    ...(process.env.PATH ?? "").split(path.delimiter),
    "/usr/sbin",
    "/usr/local/sbin",
    "/opt/homebrew/sbin",
  ];
  const name = process.platform === "win32" ? "mosquitto.exe" : "mosquitto";
  return folders.map((folder) => path.join(folder, name)).find((file) => existsSync(file)) ?? "";
}

async function startMosquitto(executable, log) {
  const folder = await mkdtemp(path.join(os.tmpdir(), "wasmqtt-broker-"));
  // Started by root, Mosquitto drops to its own user before it reads the file again.
  await chmod(folder, 0o755);
  try {
    for (let attempt = 1; ; attempt++) {
      const port = await freePort();
      const child = await launch(executable, folder, port);
      if (await listening(child, port)) return describe({ executable, folder, port, child, log });
      await stop(child);
      if (attempt === START_ATTEMPTS) throw new Error("it does not listen");
    }
  } catch (error) {
    await rm(folder, { recursive: true, force: true });
    throw error;
  }
}

async function launch(executable, folder, port) {
  const file = path.join(folder, "mosquitto.conf");
  await writeFile(file, configuration(port));
  const child = spawn(executable, ["-c", file], { stdio: "ignore" });
  child.on("error", () => {}); // seen by `listening`: a process without a pid never listens
  return child;
}

function configuration(port) {
  return [
    "per_listener_settings true",
    "persistence false",
    "max_queued_messages 0", // the default of 1000 drops bursts silently
    "max_inflight_messages 100",
    "set_tcp_nodelay true", // else small packets wait 40 ms for the acknowledgement of the one before
    `listener ${port} 127.0.0.1`,
    "allow_anonymous true",
    "max_topic_alias 10",
    "",
  ].join("\n");
}

async function listening(child, port) {
  for (
    const end = Date.now() + START_TIMEOUT_MS;
    Date.now() < end && hasEnded(child) === false;
    await sleep(25)
  ) {
    if (await accepts(port)) return hasEnded(child) === false;
  }
  return false;
}

function hasEnded(child) {
  return child.pid === undefined || child.exitCode !== null || child.signalCode !== null;
}

function accepts(port) {
  return new Promise((resolve) => {
    const socket = net.connect({ host: "127.0.0.1", port });
    socket.once("connect", () => resolve(true)).once("error", () => resolve(false));
    socket.once("connect", () => socket.destroy());
  });
}

function describe({ executable, folder, port, child, log }) {
  const onExit = (code, signal) => log(`Mosquitto ended (${signal ?? code}): start the demo again.`);
  child.once("exit", onExit);
  const banner = spawnSync(executable, ["-h"], { encoding: "utf8" }).stdout ?? "";
  return {
    name: "Mosquitto",
    version: /version (\S+)/.exec(banner)?.[1] ?? "",
    url: new URL(`mqtt://127.0.0.1:${port}`),
    async close() {
      child.off("exit", onExit);
      await stop(child);
      await rm(folder, { recursive: true, force: true });
    },
  };
}

async function stop(child) {
  if (hasEnded(child)) return;
  const ended = once(child, "exit");
  child.kill("SIGTERM");
  const timer = setTimeout(() => child.kill("SIGKILL"), 2_000);
  await ended;
  clearTimeout(timer);
}

async function startAedes() {
  const { Aedes } = await import("aedes");
  const aedes = await Aedes.createBroker();
  const server = net.createServer({ noDelay: true }, aedes.handle).listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    name: "Aedes",
    version: Aedes.version ?? "",
    url: new URL(`mqtt://127.0.0.1:${server.address().port}`),
    async close() {
      const closed = once(server, "close");
      server.close();
      await new Promise((resolve) => aedes.close(resolve));
      await closed;
    },
  };
}

async function freePort() {
  const server = net.createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address();
  server.close();
  await once(server, "close");
  return port;
}
