// What becomes of a case whose browser dies: with browsers made up, then with a real one that is killed or hangs.
import assert from "node:assert/strict";
import { after, describe, it } from "node:test";
import { startBrowser } from "../rig/browsers.mjs";
import { openRig } from "../rig/rig.mjs";
import { lookAfter, PageError, startRenewable } from "../rig/survival.mjs";

const engine = process.env.WASMQTT_ENGINE ?? "chromium";

/** A browser that lives until `die()`, and what was said and started because of it. */
function madeUp(options) {
  const seen = { said: [], renewed: 0 };
  let alive = true;
  const browser = {
    answers: async () => alive,
    evidence: () => "its last words",
    renew: async () => {
      seen.renewed++;
      alive = true;
    },
  };
  const die = (message = "no such session") => {
    alive = false;
    throw new Error(message);
  };
  return { seen, die, attempt: lookAfter(browser, { say: (text) => seen.said.push(text), ...options }) };
}

describe("looking after a browser", () => {
  it("a case that passes is done once, and nothing is said", async () => {
    const { seen, attempt } = madeUp();
    assert.equal(await attempt("fine", async () => 42), 42);
    assert.deepEqual(seen, { said: [], renewed: 0 });
  });

  it("a case whose browser dies is done again in a fresh one, with the evidence", async () => {
    const { seen, die, attempt } = madeUp();
    let runs = 0;
    assert.equal(await attempt("unlucky", async () => (++runs === 1 ? die() : "done")), "done");
    assert.equal(runs, 2);
    assert.equal(seen.renewed, 1);
    assert.match(seen.said.join(), /died in "unlucky" \(Error: no such session\): its last words/);
  });

  it("a case that kills its browser twice fails, and the next one gets a fresh browser", async () => {
    const { seen, die, attempt } = madeUp();
    await assert.rejects(
      attempt("deadly", async () => die()),
      /twice the browser died in "deadly"/,
    );
    assert.equal(await attempt("next", async () => "done"), "done");
    assert.equal(seen.renewed, 2);
  });

  it("an error in a living browser is final", async () => {
    const { seen, attempt } = madeUp();
    let runs = 0;
    const late = async () => {
      runs++;
      throw new Error("PUBACK did not come");
    };
    await assert.rejects(attempt("late", late), /PUBACK/);
    assert.deepEqual([runs, seen], [1, { said: [], renewed: 0 }]);
  });

  for (const Final of [assert.AssertionError, PageError]) {
    it(`${Final.name} is final even if the browser has died since`, async () => {
      const { seen, die, attempt } = madeUp();
      let runs = 0;
      const wrong = async () => {
        runs++;
        await Promise.resolve()
          .then(die)
          .catch(() => {});
        throw new Final({ message: "1 is not 2" });
      };
      await assert.rejects(attempt("wrong", wrong), Final);
      assert.deepEqual([runs, seen.renewed], [1, 0]);
      assert.equal(await attempt("next", async () => (seen.renewed === 0 ? die() : "done")), "done");
    });
  }

  it("there are only so many fresh browsers", async () => {
    const { seen, die, attempt } = madeUp({ restarts: 1 });
    await assert.rejects(
      attempt("deadly", async () => die()),
      /twice/,
    );
    const next = attempt("next", () => assert.fail("without a browser nothing can be tried"));
    await assert.rejects(next, /no fresh browser after 1: the browser died in "deadly".*its last words/);
    assert.equal(seen.renewed, 1);
  });
});

describe(`a real ${engine}`, () => {
  const rig = openRig();
  after(rig.stop);
  const sixTimesSeven = (driver) => driver.executeScript("return 6 * 7");

  it("that is killed is replaced", async () => {
    const browser = await rig.use(startRenewable(() => startBrowser(engine)));
    const said = [];
    const attempt = lookAfter(browser, { say: (text) => said.push(text) });
    let runs = 0;
    const answer = await attempt("the killed case", async () => {
      if (++runs === 1) {
        const victims = browser.processes();
        assert.ok(victims.length > 0, "the processes of the browser must be found");
        for (const { pid } of victims) process.kill(pid, "SIGKILL");
      }
      return browser.ask(sixTimesSeven);
    });
    assert.deepEqual([answer, runs, said.length], [42, 2, 1]);
    // What reports crashes ends by itself, a moment later.
    assert.match(
      said[0],
      /"the killed case".*its driver (runs|ended with).*of the browser are left: (none|chrome_crashpad[ \w,]*)\n/,
    );
  });

  it("whose page hangs is replaced", async () => {
    const limits = { answerMs: 5_000, probeMs: 5_000 };
    const browser = await rig.use(startRenewable(() => startBrowser(engine), limits));
    const said = [];
    const attempt = lookAfter(browser, { say: (text) => said.push(text) });
    let runs = 0;
    const answer = await attempt("the hanging case", async () => {
      if (++runs === 1) await browser.ask((driver) => driver.executeScript("for (;;);"));
      return browser.ask(sixTimesSeven);
    });
    assert.deepEqual([answer, runs, said.length], [42, 2, 1]);
    assert.match(said[0], /"the hanging case".*did not answer a command in 5000 ms/);
  });
});
