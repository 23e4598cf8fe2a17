// What a page gives its scripts, for tests.
import type { TestContext } from "node:test";

/** Stands in for the page's window, until the test is over. */
export function fakePage(context: TestContext): EventTarget {
  const page = new EventTarget();
  const names = ["addEventListener", "removeEventListener"] as const;
  const before = names.map((name) => Object.getOwnPropertyDescriptor(globalThis, name));
  for (const name of names)
    Object.defineProperty(globalThis, name, { value: page[name].bind(page), configurable: true });
  context.after(() => {
    names.forEach((name, index) => {
      const old = before[index];
      if (old) Object.defineProperty(globalThis, name, old);
      else Reflect.deleteProperty(globalThis, name);
    });
  });
  return page;
}

/** Stands in for a property of the global object, such as `document`, until the test is over. */
export function fakeGlobal(context: TestContext, name: string, value: object): void {
  const before = Object.getOwnPropertyDescriptor(globalThis, name);
  Object.defineProperty(globalThis, name, { value, configurable: true });
  context.after(() => {
    if (before) Object.defineProperty(globalThis, name, before);
    else Reflect.deleteProperty(globalThis, name);
  });
}
