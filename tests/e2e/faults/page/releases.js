// Tells apart who doubles a QoS 2 message: Mosquitto 2.0.11, restarted, sends PUBLISH again after its PUBREL (4.3.3), and
// nobody who receives it can know that it is not a new message.

const [PUBLISH, PUBREL] = [3, 6];
const QOS_2_AGAIN = 0b1100; // DUP and QoS 2 among the flags of PUBLISH

/** Watches the packets of a client. `see` takes one; `again` says whether the last PUBLISH repeats a released one. */
export function releases() {
  const released = new Set();
  let again = false;
  return {
    see({ direction, head }) {
      const type = head[0] >> 4;
      if (direction !== "received" || (type !== PUBLISH && type !== PUBREL)) return;
      let at = 1;
      while (head[at++] & 0x80); // the remaining length
      const word = (offset) => (head[offset] << 8) | head[offset + 1];
      if (type === PUBREL) {
        released.add(word(at));
        return;
      }
      const id = word(at + 2 + word(at));
      again = (head[0] & QOS_2_AGAIN) === QOS_2_AGAIN && released.delete(id);
    },
    again: () => again,
  };
}
