/** @returns {HTMLElement} the element with this id; the page is broken without it */
export function byId(id) {
  const element = document.getElementById(id);
  if (!element) throw new Error(`#${id} is missing from the page`);
  return element;
}

/**
 * Makes an element. Text never becomes markup: strings are text nodes.
 *
 * @param {string} tag
 * @param {Record<string, unknown>} [attributes] `on…` takes a listener, `true` sets a bare attribute, `false` none
 * @param {...(Node | string | undefined)} children
 */
export function h(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else if (value === true) element.setAttribute(name, "");
    else if (value !== false && value !== undefined) element.setAttribute(name, String(value));
  }
  element.append(...children.filter((child) => child !== undefined));
  return element;
}

/** An icon of the page's sprite, hidden from assistive technology. */
export function icon(name) {
  const image = svg("svg", { class: "icon", "aria-hidden": "true" });
  image.append(svg("use", { href: `#i-${name}` }));
  return image;
}

/** @returns {SVGElement} */
export function svg(tag, attributes = {}) {
  const element = document.createElementNS("http://www.w3.org/2000/svg", tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  return element;
}

/** Writes text only when it changed: an unchanged node costs no layout and no announcement. */
export function setText(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

/** Copies text and says on the button whether it worked. */
export async function copyFrom(button, text) {
  let done = "Copied";
  try {
    await navigator.clipboard.writeText(text);
  } catch {
    done = "Not allowed by the browser";
  }
  const before = button.title;
  button.title = done;
  button.dataset.flash = done;
  setTimeout(() => {
    button.title = before;
    delete button.dataset.flash;
  }, 1_500);
}
