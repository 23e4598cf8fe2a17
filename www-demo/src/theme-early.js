// Runs before the first paint so that a chosen theme does not flash; everything else is a module.
try {
  const theme = localStorage.getItem("wasmqtt.theme");
  if (theme) document.documentElement.dataset.theme = theme;
} catch {
  // Storage is blocked: the system's theme applies.
}
