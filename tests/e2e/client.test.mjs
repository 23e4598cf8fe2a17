// The package in a real browser, over TLS and a real gateway, with a real broker and an independent peer.
// WASMQTT_ENGINE chooses the browser: chromium (default), firefox or webkit.
import assert from "node:assert/strict";
import { after, before, describe } from "node:test";
import acknowledgements from "./cases/acknowledgements.mjs";
import authentication from "./cases/authentication.mjs";
import backPressure from "./cases/back-pressure.mjs";
import closing from "./cases/closing.mjs";
import cuts from "./cases/cuts.mjs";
import gateways from "./cases/gateways.mjs";
import inWorker from "./cases/in-worker.mjs";
import lifecycle from "./cases/lifecycle.mjs";
import limits from "./cases/limits.mjs";
import malformed from "./cases/malformed.mjs";
import manualAcks from "./cases/manual-acks.mjs";
import messages from "./cases/messages.mjs";
import mistakes from "./cases/mistakes.mjs";
import outbox from "./cases/outbox.mjs";
import packetsTap from "./cases/packets-tap.mjs";
import redirects from "./cases/redirects.mjs";
import refusals from "./cases/refusals.mjs";
import renewals from "./cases/renewals.mjs";
import requests from "./cases/requests.mjs";
import rig from "./cases/rig.mjs";
import sessions from "./cases/sessions.mjs";
import settling from "./cases/settling.mjs";
import silence from "./cases/silence.mjs";
import subscriptions from "./cases/subscriptions.mjs";
import tabs from "./cases/tabs.mjs";
import urls from "./cases/urls.mjs";
import volume from "./cases/volume.mjs";
import wills from "./cases/wills.mjs";
import worker from "./cases/worker.mjs";
import { casesIn } from "./support/cases.mjs";
import { openWorld } from "./support/world.mjs";

const engine = process.env.WASMQTT_ENGINE ?? "chromium";
const families = {
  rig,
  messages,
  acknowledgements,
  subscriptions,
  volume,
  wills,
  sessions,
  cuts,
  malformed,
  refusals,
};
Object.assign(families, { mistakes, limits, gateways, closing });
Object.assign(families, { "manual-acks": manualAcks, authentication, silence, redirects, requests });
Object.assign(families, {
  outbox,
  lifecycle,
  worker,
  "in-worker": inWorker,
  "packets-tap": packetsTap,
  renewals,
  tabs,
  urls,
});
Object.assign(families, { "back-pressure": backPressure, settling });

describe(`client in ${engine}`, () => {
  const world = {};
  before(async () => Object.assign(world, await openWorld(engine)));
  after(() => world.stop?.());
  const prepare = async () => {
    await world.page.load();
    for (const chaos of [world.chaos, world.innerChaos]) {
      chaos.reset();
      chaos.kill("rst"); // a browser may keep the page before this one, with its sockets, for its Back button
    }
  };
  const verify = async () => {
    assert.deepEqual(await world.page.problems(), [], "the page must stay free of uncaught errors");
  };
  const it = casesIn(() => ({ attempt: world.attempt, prepare, verify }));
  for (const [name, cases] of Object.entries(families)) {
    assert.equal(cases.length, 2, `cases/${name}.mjs must take (world, it): node's own "it" loads no page`);
    describe(name, () => cases(world, it));
  }
});
