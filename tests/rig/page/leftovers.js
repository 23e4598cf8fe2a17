// Counts what a piece of code leaves behind in the page: timers, sockets, listeners.

/**
 * Starts counting. `stop()` gives the page its own functions back and, when every socket is closed and every worker
 * terminated, resolves with what is still there.
 */
export function watchLeftovers() {
  const timers = new Set();
  const sockets = [];
  const workers = new Map();
  const ends = [];
  const listeners = new Map();
  const undo = [];

  const replace = (object, name, make) => {
    const original = object[name];
    object[name] = make(original);
    undo.push(() => {
      object[name] = original;
    });
  };

  replace(globalThis, "setTimeout", (original) => (run, ...rest) => {
    const id = original(
      (...all) => {
        timers.delete(id);
        run(...all);
      },
      ...rest,
    );
    timers.add(id);
    return id;
  });
  replace(globalThis, "setInterval", (original) => (...all) => {
    const id = original(...all);
    timers.add(id);
    return id;
  });
  for (const name of ["clearTimeout", "clearInterval"]) {
    replace(globalThis, name, (original) => (id) => {
      timers.delete(id);
      original(id);
    });
  }
  replace(globalThis, "WebSocket", (Original) => {
    return class extends Original {
      constructor(...all) {
        super(...all);
        const closed = new Promise((resolve) => super.addEventListener("close", resolve));
        sockets.push({ socket: this, closed });
      }
    };
  });
  replace(globalThis, "Worker", (Original) => {
    return class extends Original {
      constructor(...all) {
        super(...all);
        ends.push(new Promise((resolve) => workers.set(this, resolve)));
      }
      terminate() {
        workers.get(this)?.();
        workers.delete(this);
        super.terminate();
      }
    };
  });
  for (const target of [window, document]) {
    const count = (type, by) => listeners.set(type, (listeners.get(type) ?? 0) + by);
    replace(target, "addEventListener", (original) => (type, listener, options) => {
      count(type, 1);
      options?.signal?.addEventListener("abort", () => count(type, -1));
      original.call(target, type, listener, options);
    });
    replace(target, "removeEventListener", (original) => (type, ...rest) => {
      count(type, -1);
      original.call(target, type, ...rest);
    });
  }

  return {
    used: () => ({
      timers: timers.size,
      sockets: sockets.length,
      workers: workers.size,
      listeners: listeners.size,
    }),
    async stop() {
      for (const restore of undo.reverse()) restore();
      await Promise.all([...sockets.map(({ closed }) => closed), ...ends]);
      return {
        timers: timers.size,
        openSockets: sockets.filter(({ socket }) => socket.readyState !== WebSocket.CLOSED).length,
        listeners: [...listeners].filter(([, count]) => count !== 0),
      };
    },
  };
}
