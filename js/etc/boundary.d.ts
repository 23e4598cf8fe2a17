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
     * Answers a challenge of the server (4.12); without an answer the connection ends.
     *
     * # Errors
     * `not-connected`, `invalid-argument`.
     */
    authenticate(data: Uint8Array | number[] | null | undefined, give_up: boolean): void;
    /**
     * Ends the attempt: the page's Content Security Policy forbids the address, which Chromium tells nobody but the
     * page.
     */
    block(): void;
    /**
     * Gives an operation up; `true` when it had not been sent and never will be.
     *
     * # Errors
     * `engine-crashed`.
     */
    cancel(operation: number): boolean;
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
     * Where in a message of `len` bytes the host has to go on to copy, when it has copied what is needed before `filled`.
     */
    needed(filled: number, len: number): number;
    /**
     * Makes an engine that does nothing until `start`.
     *
     * # Errors
     * What the host makes of an option out of range.
     */
    constructor(host: any, options: any);
    /**
     * Sends PINGREQ.
     *
     * # Errors
     * `not-connected`, `client-closed`.
     */
    ping(operation: number): void;
    /**
     * [`MqttEngine::publish`] of a topic and a payload that lie in the slot, one behind the other.
     *
     * # Errors
     * See [`Client::publish`].
     */
    publishWritten(operation: number, topic_len: number, payload_len: number, flags: number): boolean;
    /**
     * Publishes; `flags` are the QoS, times four the RETAIN flag, times eight whether the operation completes when the
     * packet is first handed over, and times 16 whether it may join another one. `operation` is the caller's number for it:
     * above 0, and none that is unsettled. `true`: it has joined, and the number is free; see [`Client::publish_with`].
     *
     * # Errors
     * See [`Client::publish`].
     */
    publish(operation: number, topic: string, payload: Uint8Array, flags: number, properties?: any | null): boolean;
    /**
     * Proves the identity again.
     *
     * # Errors
     * See [`Client::reauthenticate`].
     */
    reauthenticate(operation: number, data?: Uint8Array | number[] | null): void;
    /**
     * Reads the message.
     */
    received(len: number): void;
    /**
     * A WebSocket message came that is not binary.
     */
    refuseFrame(): void;
    /**
     * Connects again with other credentials, in order and when it is quiet.
     *
     * # Errors
     * `engine-crashed`.
     */
    renew(): void;
    /**
     * Space in linear memory for a WebSocket message of `len` bytes, which the host copies there before it calls
     * `received`. Null: an engine of this module is on the stack, or this one broke.
     */
    reserve(len: number): number;
    /**
     * Takes in what the store of a durable client holds: key, record, key and so on; with the time in milliseconds since
     * 1970. Once, before anything else.
     */
    restore(records: Array<any>, unix_time: number): void;
    /**
     * Where `publishWritten` finds its message: [`SLOT`] bytes of linear memory that stay where they are.
     */
    slot(): number;
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
     * The store is empty and can be used: asks to be told everything.
     */
    storeAgain(): void;
    /**
     * The store has not done it. The engine goes on without one.
     */
    storeFailed(): void;
    /**
     * The store has done what `onStore` asked for.
     */
    stored(): void;
    /**
     * Subscribes. Returns the number of the subscription for each filter.
     *
     * # Errors
     * See [`Client::subscribe`].
     */
    subscribe(operation: number, filters: Array<any>, options: any): Uint32Array;
    /**
     * Switches the packet tap on or off.
     */
    tap(on: boolean): void;
    /**
     * Hangs up without DISCONNECT.
     *
     * # Errors
     * `engine-crashed`.
     */
    terminate(): void;
    /**
     * Ends subscriptions by their numbers.
     *
     * # Errors
     * `invalid-option`, `client-closed`.
     */
    unsubscribe(operation: number, ids: Uint32Array | number[], options: any): void;
    /**
     * Looks at the time and the page: to be called when it wakes up, or changes. `presence`: 0 visible, 1 hidden,
     * 2 frozen, 3 left.
     */
    wake(presence: number, offline: boolean): void;
}

/**
 * The properties of a message from their bytes in the packet.
 */
export function decodeProperties(block: Uint8Array | number[]): any;
