// What a measurement does in the page. The same for every client; adapters/README.md says what it needs of one.

let adapter;
let memory; // of the WebAssembly module, where there is one
let arrivals;
let longest = 0;

for (const name of ["instantiate", "instantiateStreaming"]) {
  const original = WebAssembly[name];
  WebAssembly[name] = async (...all) => {
    const result = await original.apply(WebAssembly, all);
    const { exports } = result.instance ?? result;
    memory = Object.values(exports).find((one) => one instanceof WebAssembly.Memory);
    return result;
  };
}

new PerformanceObserver((list) => {
  for (const { duration } of list.getEntries()) longest = Math.max(longest, duration);
}).observe({ entryTypes: ["longtask"] });

/** Counts messages and looks at what they carry, so that nobody gains by not handing it out. */
class Arrivals {
  #open = { count: 0 };
  #bytes = 0;
  #count = 0;

  constructor() {
    this.handler = (topic, payload) => {
      this.#bytes += payload.length;
      if (topic.length === 0) throw new Error("a message without a topic");
      this.#add(1);
    };
    this.handler.count = (messages) => this.#add(messages);
  }

  /** From now on `count` messages are to come, `size` bytes each. */
  expect(count, size) {
    this.#bytes = 0;
    this.#count = 0;
    this.#open = { count, size };
    this.#open.finished = new Promise((resolve, reject) => {
      Object.assign(this.#open, { resolve, reject });
    });
  }

  /** Resolves with the rate from the first to the last of them. */
  get finished() {
    return this.#open.finished;
  }

  fail(error) {
    this.#open.reject?.(error);
  }

  #add(messages) {
    if (this.#count === 0) this.#open.start = performance.now();
    this.#count += messages;
    if (this.#count < this.#open.count) return;
    const { count, size, start, resolve, reject } = this.#open;
    if (this.#count !== count || (this.#bytes > 0 && this.#bytes !== count * size)) {
      reject(new Error(`${this.#count} messages with ${this.#bytes} bytes instead of ${count} of ${size}`));
    } else resolve((1000 * count) / Math.max(performance.now() - start, 0.01));
  }
}

globalThis.bench = {
  async open(client, url, clientId, { hold = false, tag = 0 } = {}) {
    const { default: make } = await import(`/clients/${tag}/${client}/main.js`);
    adapter = make();
    if (!hold) return adapter.open(url, clientId, (error) => arrivals?.fail(error));
    if (!adapter.hold) throw new Error("cannot queue before it connects");
    return adapter.hold(url, clientId);
  },

  /** Milliseconds from the import of the client to its CONNACK. */
  async startUp(client, url, tag) {
    const start = performance.now();
    await bench.open(client, url, "start", { tag });
    return performance.now() - start;
  },

  async subscribe(filter, qos, packetBytes = 0) {
    arrivals = new Arrivals();
    adapter.packets?.(packetBytes);
    await adapter.subscribe(filter, qos, arrivals.handler);
  },

  async route(filters, isSplit) {
    arrivals = new Arrivals();
    await adapter.route(filters, arrivals.handler, isSplit);
  },

  expect: (count, size) => arrivals.expect(count, size),
  received: () => arrivals.finished,

  /**
   * Publishes with at most `window` messages unsettled, `count` of them or for `ms` milliseconds. Resolves with how many,
   * and the rate at which they settled, but for the last `hold`.
   */
  pump({
    topic,
    size,
    qos,
    window,
    ms = Number.POSITIVE_INFINITY,
    count = Number.POSITIVE_INFINITY,
    hold = 0,
  }) {
    const payload = new Uint8Array(size).fill(97);
    const end = performance.now() + ms;
    let [started, settled, inside, over] = [0, 0, false, false];
    let first;
    let last;
    return new Promise((resolve, reject) => {
      const done = (error) => {
        if (error) return reject(error);
        settled++;
        first ??= performance.now();
        if (settled === count - hold) last = performance.now();
        if (over && settled === started) finish();
        else go();
      };
      const finish = () => {
        last ??= performance.now();
        resolve({ count: started, rate: (1000 * (settled - hold)) / Math.max(last - first, 0.01) });
      };
      const go = () => {
        if (inside || over) return;
        inside = true;
        try {
          while (started - settled < window && !over) {
            started++;
            adapter.publish(topic, payload, qos, done);
            over = started >= count || (started % 16 === 0 && performance.now() > end);
          }
        } catch (error) {
          reject(error);
        }
        inside = false;
        if (over && settled === started) finish();
      };
      go();
    });
  },

  /** Publishes all at once; does not wait. `settled` resolves when they are. */
  burst({ topic, size, qos, count }) {
    const payload = new Uint8Array(size).fill(97);
    let open = count;
    bench.settled = new Promise((resolve, reject) => {
      const done = (error) => (error ? reject(error) : --open === 0 && resolve());
      for (let i = 0; i < count; i++) adapter.publish(topic, payload, qos, done);
    });
  },

  /** Connects a client that was held back. Resolves when all of the burst has settled, with the milliseconds since then. */
  async flush() {
    longest = 0;
    const start = performance.now();
    await adapter.start();
    await bench.settled;
    const ms = performance.now() - start;
    await new Promise((resolve) => setTimeout(resolve, 50)); // long tasks are told late
    return { ms, longest };
  },

  /** One message after the other there and back: milliseconds each. */
  async roundTrips({ topic, size, count }) {
    const payload = new Uint8Array(size);
    const times = [];
    for (let i = 0; i < count; i++) {
      arrivals.expect(1, size);
      const start = performance.now();
      adapter.publish(topic, payload, 0, (error) => error && arrivals.fail(error));
      await arrivals.finished;
      times.push(performance.now() - start);
    }
    return times;
  },

  /** Nothing where the page cannot see it. */
  wasmBytes: () => (adapter.isApart ? undefined : (memory?.buffer.byteLength ?? 0)),
};
