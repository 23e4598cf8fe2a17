// A server that answers at once and always alike, with the codec of another project (mqtt-packet).
import { createRequire } from "node:module";
import type { World } from "./world.js";

// biome-ignore lint/suspicious/noExplicitAny: its types know fewer fields than it does
type Packet = any;
interface Codec {
  parser(options: { protocolVersion: number }): {
    on(event: "packet" | "error", listener: (packet: Packet) => void): void;
    parse(bytes: Buffer): void;
  };
  generate(packet: Packet, options: { protocolVersion: number }): Buffer;
}
const codec: Codec = createRequire(import.meta.url)("mqtt-packet");

export class Server {
  /** It hears, and says nothing. */
  silent = false;
  sessionPresent = false;
  #answers: Buffer[] = [];
  #parser = codec.parser({ protocolVersion: this.version });

  constructor(
    readonly world: World,
    readonly version: 4 | 5,
    /** What CONNACK says. */
    readonly terms: Packet = {},
  ) {
    world.sent = (bytes) => this.#parser.parse(Buffer.from(bytes));
    this.reset();
  }

  /** For a new connection. */
  reset(): void {
    this.#answers = [];
    this.#parser = codec.parser({ protocolVersion: this.version });
    this.#parser.on("packet", (packet) => this.#answer(packet));
    this.#parser.on("error", (error) => {
      throw error; // a byte of ours that another codec does not understand
    });
  }

  /** Bytes of a packet from here. */
  bytes(packet: Packet): Buffer {
    return codec.generate(packet, { protocolVersion: this.version });
  }

  /** Delivers what there is to answer, in pieces of `size` bytes. */
  async answer(size = Number.POSITIVE_INFINITY): Promise<void> {
    while (this.#answers.length > 0) {
      const bytes = Buffer.concat(this.#answers.splice(0));
      if (this.silent) return;
      for (let at = 0; at < bytes.length; at += size) await this.world.receive(bytes.subarray(at, at + size));
    }
  }

  #answer(packet: Packet): void {
    const { cmd, messageId } = packet;
    const say = (answer: Packet) => this.#answers.push(this.bytes({ messageId, ...answer }));
    const codes = (list: unknown[], code: number) => list.map(() => code);
    if (cmd === "connect") {
      const accepted = this.version === 5 ? { reasonCode: 0 } : { returnCode: 0 };
      say({ cmd: "connack", sessionPresent: this.sessionPresent, ...accepted, ...this.terms });
    } else if (cmd === "publish" && packet.qos > 0)
      say({ cmd: packet.qos === 1 ? "puback" : "pubrec", reasonCode: 0 });
    else if (cmd === "pubrec") say({ cmd: "pubrel", reasonCode: 0 });
    else if (cmd === "pubrel") say({ cmd: "pubcomp", reasonCode: 0 });
    else if (cmd === "subscribe") {
      say({ cmd: "suback", granted: packet.subscriptions.map(({ qos }: { qos: number }) => qos) });
    } else if (cmd === "unsubscribe") say({ cmd: "unsuback", granted: codes(packet.unsubscriptions, 0) });
    else if (cmd === "pingreq") say({ cmd: "pingresp" });
  }
}
