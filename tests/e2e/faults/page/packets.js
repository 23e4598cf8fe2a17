// What the tap shows of the exchanges of QoS 2 messages that come in: identifiers, which messages do not tell.

const [PUBLISH, PUBREL] = [3, 6];
const [QOS_2, DUP] = [4, 8]; // flags of PUBLISH

/** Reads a packet of the tap: `{ published, dup }` or `{ released }` with a Packet Identifier, or nothing of the kind. */
export function inbound({ direction, head }) {
  if (direction !== "received") return {};
  let at = 1;
  while (head[at++] & 0x80); // the remaining length
  const word = (offset) => (head[offset] << 8) | head[offset + 1];
  switch (head[0] >> 4) {
    case PUBLISH:
      return head[0] & QOS_2 ? { published: word(at + 2 + word(at)), dup: (head[0] & DUP) > 0 } : {};
    case PUBREL:
      return { released: word(at) };
    default:
      return {};
  }
}
