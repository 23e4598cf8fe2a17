export type AbortListener = () => void;

/** As much of the standard's `AbortSignal` as clients use; any other implementation is as good as this one. */
export class AbortSignal {
  aborted = false;
  reason: unknown;
  onabort: AbortListener | null = null;
  private readonly listeners = new Set<AbortListener>();

  /** What looks like a signal is one: the host or another library may have its own class. */
  static [Symbol.hasInstance](value: unknown): boolean {
    const { aborted, addEventListener } = Object(value) as Partial<AbortSignal>;
    return typeof aborted === "boolean" && typeof addEventListener === "function";
  }

  addEventListener(_type: "abort", listener: AbortListener): void {
    this.listeners.add(listener);
  }

  removeEventListener(_type: "abort", listener: AbortListener): void {
    this.listeners.delete(listener);
  }

  /** @internal For the controller. */
  end(reason: unknown): void {
    if (this.aborted) return;
    this.aborted = true;
    this.reason = reason;
    const listeners = [...this.listeners];
    this.listeners.clear();
    this.onabort?.();
    for (const listener of listeners) listener();
  }
}

/** As the standard's `AbortController`, for `signal` options where the platform has none. */
export class AbortController {
  readonly signal = new AbortSignal();

  /** Aborts what has the signal. The first call counts. */
  abort(reason: unknown = new Error("This operation was aborted")): void {
    this.signal.end(reason);
  }
}
