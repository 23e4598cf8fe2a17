// WeChat's way, which Douyin, Baidu, QQ, Kuaishou and uni-app share.
import type { ConnectSocketOptions, Host, HostSocketTask } from "./host.js";
import {
  NO_TASK,
  NORMAL,
  UNSAID,
  UNWATCHED,
  type Wire,
  type WireEvents,
  type WireRequest,
} from "./transport.js";

/** `onClose` of these hosts; Douyin's code is a text. */
interface CloseEvent {
  readonly code?: number | string;
  readonly reason?: string;
}

export function openWxWire(host: Host, request: WireRequest, events: WireEvents): Wire {
  const { url, protocols, header } = request;
  const options: ConnectSocketOptions = {
    url,
    ...(protocols.length > 0 && { protocols: [...protocols] }),
    ...(Object.keys(header).length > 0 && { header }),
    success: () => events.accepted(),
    fail: (failure) => events.failed(failure),
  };
  const task = host.connectSocket(options) as HostSocketTask | undefined;
  if (typeof task?.onOpen !== "function") throw NO_TASK;
  task.onOpen((event?: { header?: unknown }) => events.opened(event?.header));
  task.onMessage((event?: { data?: unknown }) => events.received(event?.data));
  task.onError((failure) => events.failed(failure));
  task.onClose((event?: CloseEvent) => events.closed(Number(event?.code) || undefined, event?.reason ?? ""));
  return {
    send: (data, done) =>
      void task.send({ data, success: () => done(), fail: (failure?: unknown) => done(failure ?? UNSAID) }),
    close: () => void task.close({ ...NORMAL, ...UNWATCHED }),
  };
}
