// WeChat's way, which Douyin, Baidu, QQ, Kuaishou and uni-app share.
import type { Host } from "./host.js";
import { closeTask, openTask, outcome, type Wire, type WireEvents, type WireRequest } from "./transport.js";

/** `onClose` of these hosts; Douyin's code is a text. */
interface CloseEvent {
  readonly code?: number | string;
  readonly reason?: string;
}

export function openWxWire(host: Host, request: WireRequest, events: WireEvents): Wire {
  const { header } = request;
  const task = openTask(host, request, events, Object.keys(header).length > 0 ? { header } : {});
  task.onOpen((event?: { header?: unknown }) => events.opened(event?.header));
  task.onMessage((event?: { data?: unknown }) => events.received(event?.data));
  task.onClose((event?: CloseEvent) => events.closed(Number(event?.code) || undefined, event?.reason ?? ""));
  return {
    send: (data, done) => void task.send({ data, ...outcome(done) }),
    close: () => closeTask(task),
  };
}
