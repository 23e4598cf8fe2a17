// One hook for everything that must not outlive this process.

const works = new Set();

process.once("exit", () => {
  for (const work of works) {
    try {
      work();
    } catch (error) {
      console.error(error); // the others must have their turn
    }
  }
});

/** Has the synchronous `work` done when this process ends by itself or by `process.exit`. Returns what takes it back. */
export function atExit(work) {
  works.add(work);
  return () => works.delete(work);
}
