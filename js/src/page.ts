/**
 * Calls `wake` when the page may have slept: browsers slow timers down in the background and stop them on suspend.
 * Listens to nothing that would keep the page out of the back/forward cache. Returns the function that stops it.
 */
export function watchPage(wake: () => void): () => void {
  const { document } = globalThis;
  const targets = [
    [globalThis, "online"],
    [globalThis, "pageshow"],
    [document, "visibilitychange"],
  ] as const;
  for (const [target, type] of targets) target?.addEventListener?.(type, wake);
  return () => {
    for (const [target, type] of targets) target?.removeEventListener?.(type, wake);
  };
}
