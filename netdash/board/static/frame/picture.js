// The sections of a board and the figures in them.

import { element } from "./dom.js";
import { configuration, kept, sized } from "./figures.js";
import { discard, morphChildren, parse } from "./morph.js";
import { Plotly } from "./plotly.js";
import { Pointer } from "./pointer.js";

/**
 * @import { Figure } from "./figures.js"
 * @import { Plot } from "./upstream.js"
 * @typedef {object} Actions
 * @property {(key: string) => void} select
 * @property {() => void} copy
 * @property {(error: unknown) => void} failed a figure could not be drawn
 */

export class Picture {
  /** @type {Map<string, { node: HTMLElement, html?: string }>} */
  #sections = new Map();
  /** @type {WeakMap<Plot, { key: string, figure: Figure }>} what each plot shows */
  #drawn = new WeakMap();
  // Plotly follows the size of the window only. Text that grows beside a plot takes room from it.
  #sizes = new ResizeObserver((entries) => {
    for (const entry of entries) {
      const plot = /** @type {Plot} */ (entry.target);
      if (plot.data && plot.offsetHeight) Plotly.Plots.resize(plot);
    }
  });

  /**
   * @param {HTMLElement} root of the board
   * @param {HTMLElement} body of the frame
   * @param {Actions} actions
   */
  constructor(root, body, actions) {
    this.root = root;
    this.body = body;
    this.actions = actions;
    this.pointer = new Pointer(actions.select);
  }

  /**
   * Shows one computation completely, and nothing of an earlier one.
   * @param {{ sections: Record<string, string>, figures: Record<string, string> }} content
   */
  draw({ sections, figures }) {
    const focused = focusedKey();
    this.#dropOthers(sections);
    for (const [name, html] of Object.entries(sections)) this.#write(name, html);
    this.place(Object.keys(sections));
    for (const plot of this.#all("[data-figure]")) this.#plot(/** @type {Plot} */ (plot), figures);
    this.pointer.drawn();
    if (focused === undefined || focusedKey() === focused) return;
    const again = this.#all("[data-select]").find((node) => node.dataset.select === focused);
    again?.focus({ preventScroll: true });
  }

  /**
   * Puts each section into its slot if the board has one, otherwise into the frame, in the order given.
   * @param {string[]} names
   */
  place(names = [...this.#sections.keys()]) {
    const last = new Map();
    for (const name of names) {
      const node = this.#sections.get(name)?.node;
      if (!node) continue;
      const parent = this.root.querySelector(`.netdash-slot-${CSS.escape(name)}`) ?? this.body;
      const next = last.has(parent) ? last.get(parent).nextSibling : parent.firstChild;
      if (node !== next) parent.insertBefore(node, next);
      last.set(parent, node);
    }
  }

  /** @param {Record<string, string>} sections */
  #dropOthers(sections) {
    for (const [name, { node }] of this.#sections) {
      if (name in sections) continue;
      discard(node);
      node.remove();
      this.#sections.delete(name);
    }
  }

  /**
   * @param {string} name
   * @param {string} html
   */
  #write(name, html) {
    let section = this.#sections.get(name);
    if (!section) {
      const node = element("section", { class: "netdash-section", "data-section": name });
      node.addEventListener("click", (event) => this.#click(event));
      node.addEventListener("keydown", (event) => this.#key(event));
      section = { node };
      this.#sections.set(name, section);
    }
    if (section.html === html) return;
    section.html = html;
    morphChildren(section.node, parse(html));
  }

  /** @param {MouseEvent} event */
  #click({ target }) {
    if (!(target instanceof Element)) return;
    if (target.closest("[data-copy-link]")) this.actions.copy();
    else this.#select(target.closest("[data-select]"));
  }

  /** @param {KeyboardEvent} event */
  #key(event) {
    const { target, key } = event;
    // On a real button the browser turns the key into a click.
    if (!(target instanceof Element) || target.nodeName === "BUTTON" || ![" ", "Enter"].includes(key)) return;
    if (!target.matches("[data-select]")) return;
    event.preventDefault();
    this.#select(target);
  }

  /** @param {Element | null} target */
  #select(target) {
    const key = target?.getAttribute("data-select");
    if (typeof key === "string") this.actions.select(key);
  }

  /**
   * @param {Plot} plot
   * @param {Record<string, string>} figures
   */
  #plot(plot, figures) {
    const json = figures[plot.dataset.figure ?? ""];
    const key = `${this.root.dataset.view} ${json}`; // each view has its own size of type
    const before = this.#drawn.get(plot);
    if (json === undefined || before?.key === key) return;
    const figure = kept(JSON.parse(json), before?.figure);
    this.#drawn.set(plot, { key, figure });
    this.#react(plot, figure).catch((error) => {
      this.#drawn.delete(plot);
      this.actions.failed(error);
    });
  }

  /**
   * @param {Plot} plot
   * @param {Figure} figure
   */
  async #react(plot, figure) {
    const first = !plot.data;
    const layout = sized(figure, plot);
    const done = Plotly.react(plot, figure.data, layout, configuration(layout));
    if (first) this.#listen(plot);
    await done;
  }

  /** @param {Plot} plot that was drawn for the first time */
  #listen(plot) {
    this.#sizes.observe(plot);
    const map = plot.closest("[data-put-x]");
    if (map instanceof HTMLElement) this.pointer.watch(plot, map.dataset);
    // A click on a series shows its source, or does what `data-click` of the plot names.
    plot.on("plotly_click", ({ points }) => {
      const { customdata } = points[0];
      if (customdata) this.actions.select(`${plot.dataset.click ?? "source"}:${customdata}`);
    });
  }

  /**
   * @param {string} selector
   * @returns {HTMLElement[]} elements of all sections
   */
  #all(selector) {
    return [...this.#sections.values()].flatMap(({ node }) => [
      .../** @type {NodeListOf<HTMLElement>} */ (node.querySelectorAll(selector)),
    ]);
  }
}

/** The key of the element that has the focus, if it has one. */
const focusedKey = () =>
  document.activeElement instanceof HTMLElement ? document.activeElement.dataset.select : undefined;
