import { ActivityPane } from "./activity-pane.js";
import { setUpKeys, setUpTabs, setUpTheme, showTab } from "./chrome.js";
import { ConnectPane } from "./connect-pane.js";
import { DiagnosisDialog } from "./diagnosis-dialog.js";
import { byId, copyFrom } from "./dom.js";
import { MessageLog } from "./message-log.js";
import { MessagePane } from "./message-pane.js";
import { Notices } from "./notices.js";
import { OverviewPane } from "./overview-pane.js";
import { PublishPane } from "./publish-pane.js";
import { Session } from "./session.js";
import { DEFAULTS, fromFragment, remembered, toFragment, withoutSecrets } from "./settings.js";
import { StatusBar } from "./status-bar.js";
import { SubscribePane } from "./subscribe-pane.js";

/** Counters of subscriptions need no more than this. */
const COUNTERS_EVERY_MS = 250;

let frame = 0;
let countersDrawn = 0;

const session = new Session();
const log = new MessageLog();
const statusBar = new StatusBar({ session });
const publishPane = new PublishPane({ session });
const connectPane = new ConnectPane({
  session,
  onConnect,
  check: (settings) => diagnosisDialog.run(settings),
});
const diagnosisDialog = new DiagnosisDialog({ session, onConnect: () => connectPane.connect() });
new Notices({ session, actions: (notice) => connectPane.actionsFor(notice) });
const subscribePane = new SubscribePane({ session, onChange: writeFragment });
const messagePane = new MessagePane({ log, redraw, onReuse: reuse });
const overviewPane = new OverviewPane({ onFilter: filterTopic, publish: command });
new ActivityPane({ session });

session.addEventListener("message", ({ detail: { message, subscriptions } }) => {
  const row = log.add(message, Date.now());
  row.subscriptions = subscriptions;
  statusBar.collect();
  overviewPane.collect(message);
  redraw();
});
session.addEventListener("change", () => {
  overviewPane.switchable = session.connected;
  hint();
});

setUpTheme();
setUpTabs(redraw);
setUpKeys({
  u: () => focusPane("connect", () => connectPane.focus()),
  d: () => connectPane.check(),
  s: () => focusPane("subscribe", () => subscribePane.focus()),
  t: () => focusPane("publish", () => publishPane.focus()),
  m: () => focusPane("messages", () => byId("message-list").focus()),
  "/": () => focusPane("messages", () => byId("search").focus()),
  p: () => messagePane.togglePause(),
  e: () => messagePane.toLatest(),
});
byId("share").addEventListener("click", () => {
  writeFragment();
  copyFrom(byId("share"), location.href);
});
await start();

/** Draws once per frame, however much arrives. */
function redraw() {
  if (frame === 0) frame = requestAnimationFrame(draw);
}

function draw(now) {
  frame = 0;
  messagePane.draw();
  overviewPane.draw(now);
  if (now - countersDrawn < COUNTERS_EVERY_MS) return;
  countersDrawn = now;
  subscribePane.draw();
}

async function start() {
  const { settings, subscriptions } = fromFragment(location.hash);
  const demo = await demoServer();
  // A link's settings win over the demo's, and these over what was used here last.
  connectPane.settings = { ...DEFAULTS, ...remembered(), ...(demo && { url: demo.url }), ...settings };
  for (const { filter, qos } of subscriptions) await session.subscribe(filter, { qos });
  if (demo?.simulated) overviewPane.addLamp();
  hint();
  // Only our own server is dialled unasked: a link must not make the page connect elsewhere.
  if (!demo || connectPane.settings.url !== demo.url) return showTab("connect");
  if (subscriptions.length === 0 && demo.simulated) await session.subscribe("demo/#", { qos: 1 });
  await connectPane.connect();
}

/** What serves this page: the demo server says so in demo.json, static hosting has none. */
async function demoServer() {
  try {
    const response = await fetch("./demo.json", { cache: "no-store" });
    if (!response.ok) return undefined;
    const { wsPath, simulated } = await response.json();
    const url = new URL(wsPath, location.href.replace(/^http/, "ws"));
    url.hash = "";
    return { url: url.href, simulated: simulated === true };
  } catch {
    return undefined;
  }
}

function onConnect() {
  const { url } = connectPane.settings;
  statusBar.where = withoutSecrets(url);
  writeFragment();
  showTab("messages");
}

/** Keeps the address bar worth sharing. */
function writeFragment() {
  const subscriptions = [...session.subscriptions.values()].map(({ filter, options }) => ({
    filter,
    qos: options.qos,
  }));
  history.replaceState(null, "", `#${toFragment(connectPane.settings, subscriptions)}`);
}

function hint() {
  if (!session.connected) messagePane.hint = "Connect to a broker to see messages here.";
  else if (session.subscriptions.size === 0) messagePane.hint = "Subscribe to a topic to see messages here.";
  else messagePane.hint = "Subscribed. Waiting for the first message …";
}

function filterTopic(topic) {
  showTab("messages");
  messagePane.filter(byId("search").value === topic ? "" : topic);
}

function reuse(row) {
  showTab("publish");
  publishPane.reuse(row);
}

async function command(topic, payload) {
  await session.publish(topic, payload, { qos: 1 }).catch(() => {}); // the lamp stays as it is
}

function focusPane(tab, focus) {
  showTab(tab);
  focus();
}
