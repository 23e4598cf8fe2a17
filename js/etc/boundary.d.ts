/* tslint:disable */
/* eslint-disable */

/**
 * One client with its socket and timer. TypeScript wraps it; nothing else should use it.
 */
export class MqttEngine {
    free(): void;
    [Symbol.dispose](): void;
    /**
     * Acknowledges a message by its token.
     *
     * # Errors
     * `engine-crashed`.
     */
    acknowledge(token: number, reason_code: number): void;
    /**
     * Gives an operation up; `true` when it had not been sent and never will be.
     *
     * # Errors
     * `engine-crashed`.
     */
    cancel(op: number): boolean;
    /**
     * Leaves in order.
     *
     * # Errors
     * See [`Client::disconnect`].
     */
    disconnect(options: any): void;
    /**
     * Sends what the commands and handlers of this turn have left.
     */
    flush(): void;
    /**
     * Makes an engine that does nothing until `start`.
     *
     * # Errors
     * What the host makes of an option out of range.
     */
    constructor(host: any, options: any);
    /**
     * Sends PINGREQ. Returns the operation.
     *
     * # Errors
     * `not-connected`, `client-closed`.
     */
    ping(): number;
    /**
     * Publishes; `flags` are the QoS and, times four, the RETAIN flag. Returns the operation.
     *
     * # Errors
     * See [`Client::publish`].
     */
    publish(topic: string, payload: Uint8Array, flags: number, properties?: any | null): number;
    /**
     * Starts connecting.
     *
     * # Errors
     * `client-closed`.
     */
    start(): void;
    /**
     * Counters; all zero after a crash.
     */
    stats(): any;
    /**
     * Subscribes. Returns the operation, then the number of the subscription for each filter.
     *
     * # Errors
     * See [`Client::subscribe`].
     */
    subscribe(filters: Array<any>, options: any): Uint32Array;
    /**
     * Hangs up without DISCONNECT.
     *
     * # Errors
     * `engine-crashed`.
     */
    terminate(): void;
    /**
     * Ends subscriptions by their numbers. Returns the operation.
     *
     * # Errors
     * `client-closed`.
     */
    unsubscribe(ids: Uint32Array | number[]): number;
    /**
     * Looks at the time: to be called when the page wakes up.
     */
    wake(): void;
}

/**
 * The properties of a message from their bytes in the packet.
 */
export function decodeProperties(block: Uint8Array | number[]): any;

export type InitInput = RequestInfo | URL | Response | BufferSource | WebAssembly.Module;

export interface InitOutput {
    readonly memory: WebAssembly.Memory;
    readonly __wbg_mqttengine_free: (a: number, b: number) => void;
    readonly decodeProperties: (a: number, b: number) => any;
    readonly mqttengine_acknowledge: (a: number, b: number, c: number) => [number, number];
    readonly mqttengine_cancel: (a: number, b: number) => [number, number, number];
    readonly mqttengine_disconnect: (a: number, b: any) => [number, number];
    readonly mqttengine_flush: (a: number) => void;
    readonly mqttengine_new: (a: any, b: any) => [number, number, number];
    readonly mqttengine_ping: (a: number) => [number, number, number];
    readonly mqttengine_publish: (a: number, b: number, c: number, d: any, e: number, f: number) => [number, number, number];
    readonly mqttengine_start: (a: number) => [number, number];
    readonly mqttengine_stats: (a: number) => any;
    readonly mqttengine_subscribe: (a: number, b: any, c: any) => [number, number, number, number];
    readonly mqttengine_terminate: (a: number) => [number, number];
    readonly mqttengine_unsubscribe: (a: number, b: number, c: number) => [number, number, number];
    readonly mqttengine_wake: (a: number) => void;
    readonly wasm_bindgen__convert__closures_____invoke__hfcf4a753497d8a5d: (a: number, b: number, c: any) => [number, number];
    readonly wasm_bindgen__convert__closures_____invoke__h355266be1c6dc197: (a: number, b: number, c: any) => void;
    readonly wasm_bindgen__convert__closures_____invoke__h355266be1c6dc197_16: (a: number, b: number, c: any) => void;
    readonly wasm_bindgen__convert__closures_____invoke__h355266be1c6dc197_17: (a: number, b: number, c: any) => void;
    readonly wasm_bindgen__convert__closures_____invoke__hbb2e99e5519cf073: (a: number, b: number) => void;
    readonly __wbindgen_malloc: (a: number, b: number) => number;
    readonly __wbindgen_realloc: (a: number, b: number, c: number, d: number) => number;
    readonly __wbindgen_free: (a: number, b: number, c: number) => void;
    readonly __wbindgen_exn_store: (a: number) => void;
    readonly __externref_table_alloc: () => number;
    readonly __wbindgen_externrefs: WebAssembly.Table;
    readonly __wbindgen_destroy_closure: (a: number, b: number) => void;
    readonly __externref_table_dealloc: (a: number) => void;
    readonly __wbindgen_start: () => void;
}

export type SyncInitInput = BufferSource | WebAssembly.Module;

/**
 * Instantiates the given `module`, which can either be bytes or
 * a precompiled `WebAssembly.Module`.
 *
 * @param {{ module: SyncInitInput }} module - Passing `SyncInitInput` directly is deprecated.
 *
 * @returns {InitOutput}
 */
export function initSync(module: { module: SyncInitInput } | SyncInitInput): InitOutput;

/**
 * If `module_or_path` is {RequestInfo} or {URL}, makes a request and
 * for everything else, calls `WebAssembly.instantiate` directly.
 *
 * @param {{ module_or_path: InitInput | Promise<InitInput> }} module_or_path - Passing `InitInput` directly is deprecated.
 *
 * @returns {Promise<InitOutput>}
 */
export default function __wbg_init (module_or_path: { module_or_path: InitInput | Promise<InitInput> } | InitInput | Promise<InitInput>): Promise<InitOutput>;
