// The verdicts: one stop of the Tab key with arrow keys inside, and what folds when there is little room.

import { served, set } from "./dom.js";

const NARROW = 760; // px of a board that has room for one column
const LOW = 600; // px of a window in which three panes cannot scroll beside each other
const SURE = 120; // px. Less folding is not tried at once where it was too high by more than this.
const RESTED = 1000; // ms without a picture after which less folding is tried nevertheless: other words may be folded now

/** @type {Record<string, "line" | "button">} */
const MOVES = {
  arrowup: "line",
  arrowdown: "line",
  home: "line",
  end: "line",
  arrowleft: "button",
  arrowright: "button",
};

/** @type {[string, boolean][]} what is folded, for the style sheet, and whether the populations are open */
const STEPS = [
  ["", true],
  ["undecided", true],
  ["undecided", false],
  ["chosen undecided", false],
  ["chosen undecided notes", false],
  ["open chosen undecided notes", false],
];

export class Verdicts {
  /** @type {boolean | null} whether the populations are open, as the reader wants them; null: as there is room */
  #wanted = null;
  #sizes = new ResizeObserver(() => this.#folded !== this.#size && this.fold());
  /** @type {string} the size of the pane for which its verdicts are folded */
  #folded = "";
  /** The plot begins below what is chosen above it, which may need two lines. */
  #choices = new ResizeObserver(([{ target }]) =>
    this.root.style.setProperty("--nd-choices", `${target.clientHeight}px`),
  );
  /** @type {Element | null} */
  #observed = null;
  /** The step of the last picture: most pictures need the same. The first one begins with closed populations. */
  #step = 2;
  /** What the last try of less folding found: from which step, and how many px the verdicts became higher. */
  #tried = { step: 0, higher: 0 };
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #later;

  /** @param {HTMLElement} root of the board */
  constructor(root) {
    this.root = root;
    root.addEventListener("keydown", (event) => this.#key(event));
    root.addEventListener("focusin", ({ target }) => this.#focused(target));
    root.addEventListener("click", ({ target }) => {
      if (!(target instanceof Element)) return;
      if (target.matches(".nd-skip")) this.#skip();
      if (!target.closest(".nd-trials > summary")) return;
      this.#wanted = !this.#trials?.open;
      this.#tried.step = 0;
    });
    const arrange = () => this.#arrange();
    new ResizeObserver(arrange).observe(root);
    addEventListener("resize", arrange);
    arrange();
  }

  /** Puts everything into one column where there is no room for three. */
  #arrange() {
    const one = this.root.clientWidth <= NARROW || (served && innerHeight < LOW);
    set(this.root, "data-columns", one ? "one" : "three");
  }

  /** Moves the focus over the head and the inputs: to the chosen verdict, or to the page where none is. */
  #skip() {
    const page = /** @type {HTMLElement | null} */ (this.root.querySelector(".netdash-sections"));
    const stop = /** @type {HTMLElement | null | undefined} */ (page?.querySelector(".nd-verdicts [tabindex='0']"));
    if (page && !stop) page.tabIndex = -1;
    (stop ?? page)?.focus();
  }

  get #pane() {
    return this.root.querySelector("[data-section=verdicts]");
  }

  get #size() {
    return `${this.root.dataset.view} ${this.#pane?.clientWidth} ${this.#pane?.clientHeight}`;
  }

  get #trials() {
    return /** @type {HTMLDetailsElement | null} */ (this.root.querySelector(".nd-trials"));
  }

  /** To be called when the verdicts were drawn. */
  drawn() {
    const pane = this.#pane;
    if (pane !== this.#observed) {
      this.#sizes.disconnect();
      this.#folded = "";
      this.#observed = pane;
      if (pane) this.#sizes.observe(pane);
    }
    const bar = this.root.querySelector(".nd-bar-board");
    if (bar && !this.root.style.getPropertyValue("--nd-choices")) this.#choices.observe(bar);
    for (const grid of this.root.querySelectorAll(".nd-verdicts")) rove(grid);
    this.fold();
  }

  /**
   * Folds as much as the height of the pane needs: first the reasons of therapies with nothing decided, then the
   * populations, then the reasons of the chosen therapy if nothing of it is decided, then remarks, then the reasons of
   * all that is open. What is still too high scrolls. Each step that is tried is a layout of all verdicts. Therefore less
   * folding is tried later where it was far from fitting.
   */
  fold() {
    const [pane, trials] = [this.#pane, this.#trials];
    clearTimeout(this.#later);
    if (!(pane instanceof HTMLElement) || !trials) return;
    const take = (/** @type {number} */ step) => {
      const [folded, open] = STEPS[step];
      set(pane, "data-folded", folded);
      trials.open = this.#wanted ?? open;
      this.#step = step;
    };
    const fits = (/** @type {number} */ step) => {
      take(step);
      return pane.scrollHeight <= pane.clientHeight + 1;
    };
    if (this.#folded !== this.#size) this.#tried.step = 0;
    let step = this.#step;
    if (fits(step)) {
      const far = this.#tried.step === step && heightOf(pane) + this.#tried.higher > pane.clientHeight + SURE;
      if (far) this.#later = setTimeout(() => this.#foldAnew(), RESTED);
      while (!far && step > 0 && fits(step - 1)) step -= 1;
      if (this.#step !== step) {
        const high = heightOf(pane);
        take(step);
        this.#tried = { step, higher: high - heightOf(pane) };
      }
    } else while (step < STEPS.length - 1 && !fits(step + 1)) step += 1;
    this.#folded = this.#size;
  }

  #foldAnew() {
    this.#tried.step = 0;
    this.fold();
  }

  /** @param {KeyboardEvent} event */
  #key(event) {
    const { target, key } = event;
    const way = MOVES[key.toLowerCase()];
    if (!way || !(target instanceof HTMLElement) || this.root.dataset.view === "present") return;
    const grid = target.closest(".nd-verdicts");
    const row = target.closest("[role=row]");
    if (!grid || !row || !target.matches(STOPS) || event.ctrlKey || event.altKey || event.metaKey) return;
    const all = way === "line" ? firsts(grid) : stops(row);
    const here = all.findIndex((stop) => row.contains(stop) && (way === "line" || stop === target));
    const next = { ArrowUp: here - 1, ArrowLeft: here - 1, Home: 0, End: all.length - 1 }[key] ?? here + 1;
    event.preventDefault();
    all[Math.min(Math.max(next, 0), all.length - 1)]?.focus();
  }

  /** @param {EventTarget | null} target */
  #focused(target) {
    const grid = target instanceof HTMLElement && target.matches(STOPS) ? target.closest(".nd-verdicts") : null;
    if (grid) rove(grid, /** @type {HTMLElement} */ (target));
  }
}

/**
 * The height of what a pane holds, also where that is less than the pane's.
 * @param {HTMLElement} pane
 */
function heightOf({ firstElementChild: first, lastElementChild: last }) {
  return first && last ? last.getBoundingClientRect().bottom - first.getBoundingClientRect().top : 0;
}

const STOPS = ".nd-fold, .nd-row";

/**
 * The buttons in sight.
 * @param {Element} node
 * @returns {HTMLElement[]}
 */
const stops = (node) =>
  [.../** @type {NodeListOf<HTMLElement>} */ (node.querySelectorAll(STOPS))].filter((stop) => stop.offsetParent);

/**
 * The first button of each line, and each list of an opened one.
 * @param {Element} grid
 */
const firsts = (grid) => stops(grid).filter((stop) => stop.matches(".nd-fold"));

/**
 * Leaves one button to the Tab key.
 * @param {Element} grid
 * @param {HTMLElement} [wanted]
 */
function rove(grid, wanted) {
  const all = /** @type {HTMLElement[]} */ ([...grid.querySelectorAll(STOPS)]);
  const focused = all.find((stop) => stop === document.activeElement);
  const one = wanted ?? focused ?? grid.querySelector(".nd-chosen .nd-fold") ?? all[0];
  for (const stop of all) set(stop, "tabindex", stop === one ? "0" : "-1");
}
