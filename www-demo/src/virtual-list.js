/** Rows kept ready above and below what is visible. */
const OVERSCAN = 8;

/**
 * A list of any length with only the visible rows in the document: all rows are equally high, and a row element
 * keeps its message until that scrolls away.
 */
export class VirtualList {
  #viewport;
  #canvas;
  #make;
  #fill;
  #pool = [];
  #log;
  #generation = -1;
  #taken = 0;
  #lastTop = 0;
  #height = 0;
  #canvasHeight = 0;
  /** The wanted position was changed without scrolling there yet. */
  #moved = false;
  #rowHeight = 0;
  /** Sticks to the newest row until the reader scrolls up. */
  following = true;
  /** @type {object | undefined} */
  selected;

  /**
   * @param {object} parts
   * @param {HTMLElement} parts.viewport scrolls
   * @param {HTMLElement} parts.canvas as high as all rows together
   * @param {import("./message-log.js").MessageLog} parts.log
   * @param {() => HTMLElement} parts.make a new, empty row element
   * @param {(element: HTMLElement, row: object) => void} parts.fill shows a row in an element
   * @param {() => void} parts.onChange something must be drawn
   * @param {(row: object | undefined) => void} parts.onSelect
   */
  constructor({ viewport, canvas, log, make, fill, onChange, onSelect }) {
    this.#viewport = viewport;
    this.#canvas = canvas;
    this.#log = log;
    this.#make = make;
    this.#fill = fill;
    this.onSelect = onSelect;
    this.onChange = onChange;
    viewport.addEventListener("scroll", () => this.#onScroll(), { passive: true });
    viewport.addEventListener("keydown", (event) => this.#onKey(event));
    canvas.addEventListener("click", (event) => this.#onClick(event));
    new ResizeObserver(() => this.#measure()).observe(viewport);
  }

  get elements() {
    return this.#pool.length;
  }

  /** Draws what changed; called at most once per frame. */
  draw() {
    if (this.#rowHeight === 0) this.#measure();
    const { rows, generation } = this.#log;
    if (generation !== this.#generation) {
      this.#generation = generation;
      this.following = true;
      this.#taken = rows.taken;
      for (const element of this.#pool) element.row = undefined;
    }
    this.#place(rows);
    this.#show(rows);
  }

  /** Redraws every visible row, e.g. after a subscription changed its colour. */
  refresh() {
    for (const element of this.#pool) element.row = undefined;
    this.onChange();
  }

  toLatest() {
    this.following = true;
    this.onChange();
  }

  select(row) {
    if (this.selected === row) return;
    this.selected = row;
    this.onSelect(row);
    this.onChange();
  }

  #place(rows) {
    const height = rows.length * this.#rowHeight;
    if (height !== this.#canvasHeight) this.#canvas.style.height = `${height}px`;
    this.#canvasHeight = height;
    const gone = rows.taken - this.#taken;
    this.#taken = rows.taken;
    const bottom = Math.max(0, height - this.#height);
    const top = this.following
      ? bottom
      : Math.min(bottom, Math.max(0, this.#lastTop - gone * this.#rowHeight));
    // Reading or writing the scroll position lays the page out at once: only when it has to move.
    if (top !== this.#lastTop || this.#moved) this.#viewport.scrollTop = top;
    this.#moved = false;
    this.#lastTop = top;
  }

  #show(rows) {
    const first = Math.max(0, Math.floor(this.#lastTop / this.#rowHeight) - OVERSCAN);
    const last = Math.min(rows.length, first + this.#pool.length);
    const used = new Set();
    for (let at = first; at < last; at++) {
      // An absolute position always meets the same element, so scrolling fills only the rows that are new.
      const element = this.#pool[(at + rows.taken) % this.#pool.length];
      used.add(element);
      this.#draw(element, rows.at(at), at, rows.length);
    }
    for (const element of this.#pool) if (!used.has(element)) element.hidden = true;
    const active = this.#pool.find((element) => element.row === this.selected && !element.hidden);
    if (active && this.selected) this.#viewport.setAttribute("aria-activedescendant", active.id);
    else this.#viewport.removeAttribute("aria-activedescendant");
  }

  #draw(element, row, at, length) {
    element.hidden = false;
    if (element.row !== row) {
      element.row = row;
      this.#fill(element, row);
    }
    if (element.at !== at) {
      element.at = at;
      element.style.transform = `translateY(${at * this.#rowHeight}px)`;
      element.setAttribute("aria-posinset", at + 1);
    }
    if (element.setSize !== length) {
      element.setSize = length;
      element.setAttribute("aria-setsize", length);
    }
    const selected = row === this.selected;
    if (element.selected !== selected) {
      element.selected = selected;
      element.setAttribute("aria-selected", selected);
    }
  }

  #measure() {
    this.#height = this.#viewport.clientHeight;
    this.#rowHeight = Number.parseFloat(getComputedStyle(this.#viewport).getPropertyValue("--row-height"));
    const wanted = Math.ceil(this.#height / this.#rowHeight) + 2 * OVERSCAN;
    while (this.#pool.length < wanted) {
      const element = this.#make();
      element.id = `row-${this.#pool.length}`;
      this.#pool.push(element);
      this.#canvas.append(element);
    }
    while (this.#pool.length > wanted) this.#pool.pop().remove();
    for (const element of this.#pool) element.at = undefined;
    this.#moved = true;
    this.onChange();
  }

  #onScroll() {
    const { scrollTop, scrollHeight, clientHeight } = this.#viewport;
    const atBottom = scrollTop + clientHeight >= scrollHeight - 4;
    if (atBottom) this.following ||= scrollTop >= this.#lastTop;
    else if (scrollTop < this.#lastTop - 1) this.following = false;
    this.#lastTop = scrollTop;
    this.onChange();
  }

  #onClick(event) {
    const element = event.target.closest("[role=option]");
    if (element?.row) this.select(element.row);
  }

  #onKey(event) {
    const { rows } = this.#log;
    if (event.key === "Escape") return this.select(undefined);
    const page = Math.max(1, Math.floor(this.#height / this.#rowHeight) - 1);
    const steps = {
      ArrowUp: -1,
      ArrowDown: 1,
      PageUp: -page,
      PageDown: page,
      Home: -Infinity,
      End: Infinity,
    };
    const step = steps[event.key];
    if (step === undefined || rows.length === 0) return;
    event.preventDefault();
    const from = this.#indexOf(this.selected) ?? this.#firstIndex(step);
    const to = Math.min(rows.length - 1, Math.max(0, from + step));
    this.select(rows.at(to));
    this.#reveal(to, rows.length);
  }

  /** Where the arrow keys begin: just outside what is visible. */
  #firstIndex(step) {
    const top = Math.ceil(this.#lastTop / this.#rowHeight);
    return step > 0 ? top - 1 : top + Math.floor(this.#height / this.#rowHeight);
  }

  #indexOf(row) {
    if (!row) return undefined;
    const { rows } = this.#log;
    // Rows are in the order of their numbers.
    let low = 0;
    let high = rows.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (rows.at(middle).number < row.number) low = middle + 1;
      else high = middle;
    }
    return rows.at(low) === row ? low : undefined;
  }

  #reveal(index, length) {
    this.following = index === length - 1;
    const top = index * this.#rowHeight;
    const lowest = Math.min(this.#lastTop, top);
    this.#lastTop = Math.max(lowest, top + this.#rowHeight - this.#height);
    this.#moved = true;
    this.onChange();
  }
}
