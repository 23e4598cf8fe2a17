// The examples for systemd and containers: neither runs here, but what they name must be there.
import assert from "node:assert/strict";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { describe, it } from "node:test";
import { shipped } from "../rig/deployed/copy.mjs";

const read = (...parts) => readFileSync(shipped(...parts), "utf8");
const configurations = [
  read("nginx", "nginx.conf"),
  read("nginx", "conf.d", "gateway.conf"),
  read("mosquitto", "mosquitto.conf"),
];

/** Absolute paths in the two configurations that something must put there. */
const paths = () => {
  const active = configurations.flatMap((text) => text.split("\n")).map((line) => line.replace(/#.*/, ""));
  return [...new Set(active.flatMap((line) => line.match(/(?<=\s)\/(etc|var)\/[\w./-]+/g) ?? []))];
};

describe("compose", () => {
  const text = read("compose", "compose.yaml");
  const mounts = [...text.matchAll(/^ +- ([.\w][^:\s"]*|\/[^:\s"]*):(\/[^:\s]+)/gm)].map(
    ([, source, target]) => ({
      source,
      target,
    }),
  );

  it("mounts files that ship, from where they are", () => {
    const own = mounts.filter(({ source }) => source.startsWith("../"));
    assert.ok(own.length >= 5, `${own.length} mounts`);
    for (const { source } of own) assert.ok(existsSync(resolve(shipped("compose"), source)), source);
  });

  it("mounts them to where the configurations look, and everything else they name", () => {
    const wanted = paths().filter((path) => !path.startsWith("/var/log/"));
    assert.ok(wanted.length >= 7, `${wanted}`);
    const targets = mounts.map(({ target }) => target.replace(/:ro$/, ""));
    for (const path of wanted) {
      const there = targets.some(
        (target) => path === target || path.replace(/\/?$/, "/").startsWith(`${target}/`),
      );
      assert.ok(there, `nothing is mounted for ${path}`);
    }
    for (const include of ["nginx.conf", "conf.d", "gateway"])
      assert.ok(targets.includes(`/etc/nginx/${include}`));
  });

  it("lets both use the same loopback addresses, and publishes the ports of nginx only", () => {
    assert.match(text, /^ {4}network_mode: service:broker$/m);
    const ports = [...text.matchAll(/^ +- "(\d+):(\d+)"$/gm)].map(([, , inside]) => inside);
    const listening = [...configurations[1].matchAll(/^ *listen (\d+)/gm)].map(([, port]) => port);
    assert.deepEqual(ports.sort(), [...new Set(listening)].sort());
  });
});

describe("systemd", () => {
  for (const unit of ["nginx", "mosquitto"]) {
    const text = read("systemd", `${unit}.service.d`, "gateway.conf");

    it(`${unit}: every line is a section, a setting or a comment, and no setting comes twice`, () => {
      const lines = text.split("\n").filter((line) => line !== "" && !line.startsWith("#"));
      assert.equal(lines[0], "[Service]");
      const names = lines.slice(1).map((line) => /^([A-Z]\w+)=/.exec(line)?.[1] ?? assert.fail(line));
      assert.equal(new Set(names).size, names.length);
    });
  }

  it("nginx may write where its configuration writes", () => {
    const writable = /^ReadWritePaths=(.*)$/m.exec(read("systemd", "nginx.service.d", "gateway.conf"))[1];
    const folders = writable.split(" ").map((path) => path.replace(/^-/, ""));
    const log = /^ *access_log (\/\S+) gateway;$/m.exec(configurations[1])[1];
    const pid = /^pid (\S+);$/m.exec(configurations[0])[1];
    for (const file of [log, pid]) assert.ok(folders.includes(dirname(file)), file);
  });

  it("Mosquitto may write where its configuration writes", () => {
    const state = /^StateDirectory=(.*)$/m.exec(read("systemd", "mosquitto.service.d", "gateway.conf"))[1];
    const location = /^persistence_location (\S+)$/m.exec(configurations[2])[1];
    assert.equal(location, `${join("/var/lib", state)}/`);
  });
});

describe("the pages about it", () => {
  for (const page of ["README.md", "certificates.md"]) {
    it(`${page} links to files that are there`, () => {
      const links = [...read(page).matchAll(/\]\((?!https?:|#)([^)#]+)/g)].map(([, link]) => link);
      for (const link of links) assert.ok(existsSync(shipped(link)), link);
    });
  }

  it("README.md describes every folder", () => {
    const folders = readdirSync(shipped(), { withFileTypes: true }).filter((entry) => entry.isDirectory());
    for (const { name } of folders) assert.match(read("README.md"), new RegExp(`\\b${name}/`), name);
  });
});
