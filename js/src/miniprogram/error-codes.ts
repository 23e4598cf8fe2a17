// What only mini-programs meet: pages do not carry it.
import { ERROR_CODES } from "../error-codes.js";

// biome-ignore format: one code per line
ERROR_CODES.push(
  [54, "socket-limit", "page", true, "Close other sockets of this mini-program, or let all of it share one client."],
  [55, "domain-not-allowed", "page", true, "List the host of the URL among the socket domains of this mini-program."],
  [56, "unknown-host", "application", false, "Pass the platform's object, such as wx or my, as `host`."],
  [57, "interrupted", "page", true, "Nothing to do: the platform cuts off a mini-program in the background."],
);
