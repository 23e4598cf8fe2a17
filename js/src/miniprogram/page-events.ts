import { locks } from "./locks.js";

/** Called with nothing but the type of what happened. */
type PageListener = (event: { readonly type: string }) => void;

const listeners = new Map<string, Set<PageListener>>();
const target = {
  addEventListener(type: string, listener: PageListener): void {
    const known = listeners.get(type) ?? new Set();
    listeners.set(type, known.add(listener));
  },
  removeEventListener(type: string, listener: PageListener): void {
    listeners.get(type)?.delete(listener);
  },
};

const document = { visibilityState: "visible" as "visible" | "hidden", ...target };
const navigator = { onLine: true, locks };

/** A mini-program in the words of a web page, as far as clients listen to pages. There is one in each JavaScript context. */
export const page = { document, navigator, ...target };

/** Tells every client that something about the mini-program changed, once it is so. */
export function tellPage(type: string): void {
  for (const listener of [...(listeners.get(type) ?? [])]) listener({ type });
}
