// The package as apps show it in their web views: from file:, from an origin of the app, on sockets that lack something or
// outlive their connection. In Chromium alone: the others take neither names nor trust from a test.
import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { startStrictBroker } from "../miniprogram/server/broker.mjs";
import { openRig } from "../rig/rig.mjs";
import { startStrictBrowser } from "../rig/strictbrowser.mjs";
import { serveApp, writeApp } from "../rig/webview/site.mjs";

const engine = process.env.WASMQTT_ENGINE ?? "chromium";
const messages = [0, 1, 2].map((qos) => [qos, `你好 ${qos}`]);

const views = [
  { name: "file:, as Android has it now", isFile: true, origin: "null", flags: [] },
  {
    name: "file: with access from files, as Cordova sets it",
    isFile: true,
    origin: "file://",
    flags: ["--allow-file-access-from-files"],
  },
  {
    name: "https://localhost, as Capacitor and Cordova have it on Android",
    origin: "https://localhost",
    flags: [],
  },
];

describe("web views", { skip: engine !== "chromium" && "Chromium only" }, () => {
  const rig = openRig();
  let app;
  let server;
  before(async () => {
    app = await rig.use(writeApp());
    server = await rig.use(serveApp(app.path, undefined));
  });
  after(rig.stop);

  for (const { name, isFile, origin, flags } of views) {
    describe(name, () => {
      const own = openRig();
      let driver;
      let broker;
      before(async () => {
        broker = await own.use(startStrictBroker());
        const rules = `MAP localhost:443 127.0.0.1:${server.port},`;
        ({ driver } = await own.use(startStrictBrowser(engine, { ca: server.ca, rules, flags })));
      });
      after(own.stop);

      const open = (page) => driver.get(isFile ? app.url(page) : `${origin}/${page}`);
      /** Runs `body(app, url)` in the page. */
      const run = async (body) => {
        const call = `const [url, done] = arguments;
          (${body})(app, url).then((value) => done({ value }), (error) => done({ error: String(error.stack) }));`;
        const { value, error } = await driver.executeAsyncScript(call, broker.address);
        if (error) throw new Error(`in the page: ${error}`);
        return value;
      };
      const clean = () => assert.deepEqual(broker.violations, []);
      const loadsModules = !isFile || flags.length > 0;

      for (const entry of ["inline", "js"]) {
        it(`one classic script with wasmqtt/${entry}: messages of each QoS`, async () => {
          await open("script.html");
          assert.deepEqual(await run(`({ page, ${entry} }, url) => page.exchange(${entry}, url)`), messages);
          // Servers that check origins must allow this one.
          assert.equal(broker.connections.at(-1).headers.origin, origin);
          clean();
        });
      }

      if (!loadsModules) {
        it("modules are not loaded at all, so the package has to be one script there", async () => {
          await open("modules.html");
          assert.equal(await driver.executeScript("return typeof app"), "undefined");
        });
        return;
      }

      if (isFile) {
        it("fetch of the module fails with a typed error, and init(bytes) helps", async () => {
          await open("modules.html");
          // Chromium fetches here; Android's web view does not know the scheme.
          const { code, hint } = await run(({ page, web }, url) => {
            globalThis.fetch = () => Promise.reject(new TypeError("Failed to fetch"));
            return page.failure(web.connect(url));
          });
          assert.equal(code, "wasm-load-failed");
          assert.match(hint, /init\(\)|wasmqtt\/inline/);
          const isOver = () => !broker.connections.some(({ open }) => open);
          await broker.until(isOver, "the end of the socket that opened while the module was to load");
          const body = async ({ page, web }, url) => {
            await web.init(await page.read("pkg/wasmqtt_bg.wasm"));
            return page.exchange(web, url);
          };
          assert.deepEqual(await run(body), messages);
          clean();
        });
      } else {
        it("modules, and WebAssembly without a type: it loads by itself", async () => {
          await open("modules.html");
          assert.deepEqual(await run("({ page, web }, url) => page.exchange(web, url)"), messages);
          assert.equal(broker.connections.at(-1).headers.origin, origin);
          clean();
        });
      }

      if (isFile) return; // sockets are the same everywhere

      it("a socket has no binaryType before the client sets it", async () => {
        await open("script.html");
        const body = ({ page, js }, url) =>
          page.exchange(js, url, { webSocket: (...given) => page.poorSocket(...given, []) });
        assert.deepEqual(await run(body), messages);
        clean();
      });

      it("a socket tells neither its subprotocol nor how much it holds", async () => {
        await open("script.html");
        for (const entry of ["js", "inline"]) {
          const body = `({ page, ${entry} }, url) => page.exchange(${entry}, url, {
            webSocket: (...given) => page.poorSocket(...given, ["protocol", "bufferedAmount"]) })`;
          assert.deepEqual(await run(body), messages);
        }
        clean();
      });

      it("a socket that says OPEN but died while the app slept is replaced on return, and nothing is lost", async () => {
        await open("script.html");
        const body = async ({ page, inline }, url) => {
          const sockets = [];
          const client = inline.createClient(url, {
            webSocket(...given) {
              sockets.push(page.mortalSocket(...given));
              return sockets.at(-1);
            },
          });
          await client.start();
          let arrived;
          const arrival = new Promise((resolve) => {
            arrived = resolve;
          });
          await client.subscribe("webview", { qos: 1 }, (message) => arrived(message.text()));
          sockets[0].die();
          document.dispatchEvent(new Event("freeze"));
          document.dispatchEvent(new Event("resume"));
          const sent = client.publish("webview", "later", { qos: 1 });
          const text = await arrival;
          await sent;
          await client.close();
          return [text, sockets.length];
        };
        assert.deepEqual(await run(body), ["later", 2]);
        clean();
      });
    });
  }
});
