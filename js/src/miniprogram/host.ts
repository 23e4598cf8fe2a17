/** What most asynchronous calls of a host take: both callbacks are always given, since some builds answer without them with a promise that rejects. */
export interface HostCallbacks<T = unknown> {
  success?: (result: T) => void;
  fail?: (failure: unknown) => void;
}

/** Options of `connectSocket`, as far as they are used. */
export interface ConnectSocketOptions extends HostCallbacks {
  url: string;
  /** A list: with a text in its place, WeChat on Android connects no more. */
  protocols?: string[];
  header?: Record<string, string>;
  /** Alipay only: a task of its own for each socket. */
  multiple?: boolean;
}

/**
 * A socket of a host. Payloads differ between hosts, and are read with care (`transport-*.ts`); so parameters of listeners
 * are left open here, which every host's own types fit.
 */
export interface HostSocketTask {
  // biome-ignore lint/suspicious/noExplicitAny: WeChat takes an ArrayBuffer, Alipay base64; each host's types say one of it
  send(options: any): unknown;
  close(options: { code?: number; reason?: string } & HostCallbacks): unknown;
  // biome-ignore lint/suspicious/noExplicitAny: see above
  onOpen(listener: (event: any) => void): unknown;
  // biome-ignore lint/suspicious/noExplicitAny: see above
  onMessage(listener: (event: any) => void): unknown;
  // biome-ignore lint/suspicious/noExplicitAny: see above
  onError(listener: (event: any) => void): unknown;
  // biome-ignore lint/suspicious/noExplicitAny: see above
  onClose(listener: (event: any) => void): unknown;
}

/** What a change of the network tells. */
export interface NetworkStatus {
  isConnected: boolean;
  networkType?: string;
}

/**
 * The object by which a platform offers what it can do: `wx`, `my`, `tt`, `swan`, `qq`, `ks` or `uni`, or one of your own
 * with the same methods. Only `connectSocket` has to be there; without the others a client notices less, or cannot store.
 */
export interface Host {
  // biome-ignore lint/suspicious/noExplicitAny: hosts type their options each in their own way
  connectSocket(options: any): unknown;
  onAppShow?(listener: () => void): unknown;
  onAppHide?(listener: () => void): unknown;
  onNetworkStatusChange?(listener: (status: NetworkStatus) => void): unknown;
  getNetworkType?(options: HostCallbacks<{ networkType?: string }>): unknown;
  getRandomValues?(options: { length: number } & HostCallbacks<{ randomValues: ArrayBuffer }>): unknown;
  // biome-ignore lint/suspicious/noExplicitAny: a key and a value; on Alipay one object
  setStorageSync?(...parameters: any[]): unknown;
  // biome-ignore lint/suspicious/noExplicitAny: a key; on Alipay one object
  getStorageSync?(...parameters: any[]): unknown;
  // biome-ignore lint/suspicious/noExplicitAny: see above
  removeStorageSync?(...parameters: any[]): unknown;
  getStorageInfoSync?(): unknown;
}

/** The platforms by the name of their host object: WeChat, Alipay, Douyin, Baidu, QQ, Kuaishou, and the App runtime of uni-app. */
export type Platform = "wx" | "my" | "tt" | "swan" | "qq" | "ks" | "uni";
