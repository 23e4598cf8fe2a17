// What the figures were measured on, and how busy it was with other things.
import os from "node:os";

export function machine() {
  return {
    cpu: os.cpus()[0]?.model.trim() ?? "unknown",
    cores: os.cpus().length,
    memory: os.totalmem(),
    load: os.loadavg()[0],
    node: process.versions.node,
  };
}
