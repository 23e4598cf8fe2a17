// examples/miniprogram-wechat as its reader builds it, running in the double of WeChat.
import assert from "node:assert/strict";
import fs from "node:fs";
import { join } from "node:path";
import { before, describe, test } from "node:test";
import { at } from "../../scripts/lib/paths.mjs";
import { temporaryFolder } from "../rig/rig.mjs";
import { codePackage, packNpm } from "./builder.mjs";
import { eventually, start } from "./support.mjs";

const json = (folder, name) => JSON.parse(fs.readFileSync(join(folder, name), "utf8"));

describe("examples/miniprogram-wechat", () => {
  let folder;
  let files;
  before(async () => {
    folder = temporaryFolder().path; // goes with the process
    fs.cpSync(at("examples", "miniprogram-wechat"), folder, { recursive: true });
    fs.cpSync(at("pkg"), join(folder, "node_modules", "wasmqtt"), { recursive: true });
    await packNpm(folder);
    files = codePackage(folder);
  });

  test("the npm builder leaves the client, both engines, and nothing that is too large", () => {
    const packed = Object.keys(files).filter((path) => path.startsWith("/miniprogram_npm/"));
    const needed = ["engine-js.js", "index.js", "miniprogram.js", "wasmqtt.wasm.br"];
    assert.deepEqual(
      packed.filter((path) => !path.endsWith("/package.json")).sort(),
      needed.map((name) => `/miniprogram_npm/wasmqtt/${name}`),
    );
    for (const name of needed) {
      const original = fs.readFileSync(at("pkg", "miniprogram_dist", name));
      assert.ok(original.equals(files[`/miniprogram_npm/wasmqtt/${name}`]), `${name} was changed`);
    }
    const size = Object.values(files).reduce((sum, { length }) => sum + length, 0);
    assert.ok(size < 600_000, `the code package has ${size} bytes`);
  });

  test("the project is whole: pages and files that it names are there, and the package is a dependency", () => {
    const app = json(folder, "app.json");
    assert.ok(app.pages.length > 0);
    for (const page of app.pages)
      for (const kind of ["js", "json", "wxml", "wxss"])
        assert.ok(files[`/${page}.${kind}`], `${page}.${kind}`);
    assert.ok(files[`/${app.sitemapLocation}`]);
    assert.equal(json(folder, "project.config.json").compileType, "miniprogram");
    const [range] = Object.values(json(folder, "package.json").dependencies);
    assert.ok(json(at("pkg"), "package.json").version.startsWith(range.replace(/^\^(\d+\.\d+)\..*/, "$1.")));
  });

  for (const name of ["wechat-devtools", "wechat-android", "wechat-ios"]) {
    test(`runs on ${name}: shows its state, sends what is typed, and shows what comes`, async (t) => {
      const config = files["/config.js"].toString();
      const changed = config.replace("push.example.com", "broker.example");
      assert.notEqual(changed, config);
      const { mp, broker } = await start(t, name, { files: { ...files, "/config.js": changed } });

      // App, Page and getApp as the framework has them, as far as the example goes.
      const made = {};
      mp.define("App", (app) => {
        made.app = app;
      });
      mp.define("Page", (page) => {
        made.page = page;
      });
      mp.define("getApp", () => made.app);
      mp.require("../../app");
      made.app.onLaunch();
      t.after(() => made.app.mqtt.close({ force: true }));
      mp.require("./index");
      const { page } = made;
      page.setData = (data) => Object.assign(page.data, data);
      page.onLoad();

      await eventually(() => page.data.state === "connected", "the connection");
      assert.equal(page.data.engine, "wasm");
      await broker.until(
        () => broker.connections[0]?.packets.find((packet) => packet.name === "SUBSCRIBE"),
        "SUBSCRIBE",
      );
      page.onInput({ detail: { value: "你好" } });
      assert.equal(page.data.text, "你好");
      await page.onSend();
      assert.equal(page.data.text, "");
      await eventually(() => page.data.messages.length === 1, "the message in the page");
      assert.equal(page.data.messages[0].text, "你好");

      page.onUnload();
      await broker.until(
        () => broker.connections[0].packets.find((packet) => packet.name === "UNSUBSCRIBE"),
        "UNSUBSCRIBE",
      );
      assert.deepEqual(broker.violations, []);
      assert.deepEqual(mp.uncaught, []);
    });
  }
});
