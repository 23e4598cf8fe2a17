// What a page tells of its clients, put into the books.

/** Makes what hears the page. `page` takes what holds for all of its clients. */
export function listener({ lanes, page, problem }) {
  const words = {
    started: (id, qos, n) => lanes[id].up[qos].started(n),
    settled: (id, qos, n) => lanes[id].up[qos].promised(n),
    failed: (id, qos, n, code) => lanes[id].up[qos].failed(n, code),
    released: (id, packetId) => lanes[id].released.add(packetId),
    got(id, topic, qos, n, { published, dup }) {
      const { down, released } = lanes[id];
      // A restarted Mosquitto 2.0.11 sends PUBLISH again although its PUBREL was answered (4.3.3). Nobody who receives it
      // can know that this is no new message.
      const again = qos === 2 && released.delete(published) && dup;
      if (topic !== `down/${id}/${qos}` || n === null)
        problem(`${topic}: ${n} came at QoS ${qos}, or damaged`);
      else down[qos].arrived(n, again);
    },
    subscribed(id) {
      lanes[id].ready = true;
    },
    state(id, state) {
      lanes[id].note(state);
      if (state === "closed" && !page.closing) problem(`client ${id} ended by itself`);
    },
    disconnect: (id, code) => lanes[id].note(`disconnected: ${code}`),
    error(id, code) {
      page.notices[code] = (page.notices[code] ?? 0) + 1;
      lanes[id].note(`notice: ${code}`);
    },
    packets: (id, lines) => page.packets.set(id, lines),
    idle: (id) => page.idle.add(id),
    closed() {
      page.closed = true;
    },
    problem,
  };
  return (word, ...rest) => words[word](...rest);
}
