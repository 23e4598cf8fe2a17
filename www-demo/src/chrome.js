import { byId, setText } from "./dom.js";
import { read, write } from "./settings.js";

/** Shared with theme-early.js. */
const THEME_KEY = "wasmqtt.theme";
const KEYS_KEY = "wasmqtt.single-keys";
const THEMES = { "": "automatic", light: "light", dark: "dark" };

/** The theme button: automatic, light, dark. */
export function setUpTheme() {
  const root = document.documentElement;
  const show = () => {
    const text = `Theme: ${THEMES[root.dataset.theme ?? ""]}`;
    setText(byId("theme-label"), text);
    byId("theme").title = text;
  };
  byId("theme").addEventListener("click", () => {
    const names = Object.keys(THEMES);
    const next = names[(names.indexOf(root.dataset.theme ?? "") + 1) % names.length];
    if (next) root.dataset.theme = next;
    else delete root.dataset.theme;
    try {
      localStorage.setItem(THEME_KEY, next);
    } catch {
      // Not remembered then.
    }
    show();
  });
  show();
}

/** The tabs of narrow screens; wide ones show every pane. */
export function setUpTabs(onShow) {
  const buttons = [...document.querySelectorAll(".tabs button")];
  for (const button of buttons) button.addEventListener("click", () => showTab(button.dataset.tab));
  const mark = () => {
    for (const button of buttons) {
      if (button.dataset.tab === document.body.dataset.tab) button.setAttribute("aria-current", "true");
      else button.removeAttribute("aria-current");
    }
    onShow();
  };
  new MutationObserver(mark).observe(document.body, { attributeFilter: ["data-tab"] });
  mark();
}

export function showTab(name) {
  document.body.dataset.tab = name;
}

/** Single-key shortcuts, silent while typing and switched off in the help (WCAG 2.1.4). */
export function setUpKeys(actions) {
  const dialog = byId("shortcuts");
  const toggle = byId("single-keys");
  toggle.checked = read(KEYS_KEY, true) !== false;
  toggle.addEventListener("change", () => write(KEYS_KEY, toggle.checked));
  byId("help").addEventListener("click", () => dialog.showModal());
  document.addEventListener("keydown", (event) => {
    if (!toggle.checked || event.ctrlKey || event.metaKey || event.altKey || dialog.open) return;
    if (event.target.closest("input, textarea, select")) return;
    const action = event.key === "?" ? () => dialog.showModal() : actions[event.key];
    if (!action) return;
    event.preventDefault();
    action();
  });
}
