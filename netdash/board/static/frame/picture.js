// The sections of a board and the figures in them.

import { answer, renew } from "./answers.js";
import { cardOf, showCard } from "./card.js";
import { element, set } from "./dom.js";
import { CONFIGURATION, kept, painted, palette, rowAt, save, sized, tracesOf } from "./figures.js";
import { discard, rewrite } from "./morph.js";
import { isLoaded, Plotly, plotlyLoaded } from "./plotly.js";
import { Pointer } from "./pointer.js";
import { Verdicts } from "./verdicts.js";

/**
 * @import { Figure } from "./figures.js"
 * @import { Plot } from "./upstream.js"
 * @typedef {object} Actions
 * @property {(key: string) => void} select
 * @property {() => void} copy
 * @property {(text: string) => void} say
 * @property {(error: unknown) => void} failed a figure could not be drawn
 */

export class Picture {
  /** @type {Map<string, { node: HTMLElement, html?: string }>} */
  #sections = new Map();
  /** @type {WeakMap<Plot, { key: string, figure: Figure, json: string, width: number }>} what each plot shows */
  #drawn = new WeakMap();
  /** @type {Record<string, string>} the figures of the picture, by name */
  #figures = {};
  #painting = 0;
  /** @type {Record<string, string> | null} the colors of the page; null until they are asked for */
  #colors = null;
  #inWords = false; // whether a figure that cannot be drawn yet is shown as its sentence
  // Plotly follows the size of the window only. Text that grows beside a plot takes room from it.
  #sizes = new ResizeObserver((entries) => {
    for (const entry of entries) this.#resized(/** @type {Plot} */ (entry.target));
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
    this.verdicts = new Verdicts(root);
    const again = () => {
      this.#colors = null;
      this.#paint();
    };
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", again);
    matchMedia("(forced-colors: active)").addEventListener("change", again);
    new MutationObserver(again).observe(document.body, { attributeFilter: ["data-jp-theme-light"] });
  }

  /**
   * Shows one computation completely, and nothing of an earlier one. A plot that is there changes together with the text,
   * so that they never show different cases. A plot that is new is drawn after the text is shown: a slow machine shows
   * the verdicts first.
   * @param {{ sections: Record<string, string>, figures: Record<string, string> }} content
   * @param {() => void} done is called when the figures are drawn
   */
  draw({ sections, figures }, done) {
    const focused = focusedKey();
    const before = document.activeElement;
    this.#dropOthers(sections);
    for (const [name, html] of Object.entries(sections)) this.#write(name, html);
    this.place(Object.keys(sections));
    this.verdicts.drawn();
    this.#figures = figures;
    showCard(this.root, before);
    this.#painting += 1;
    if (this.#isPlotted()) this.#finish(done);
    else this.#paintSoon(done);
    if (focused === undefined || focusedKey() === focused || cardOf(this.root)) return;
    const again = this.#all("[data-select]").find((node) => node.dataset.select === focused);
    again?.focus({ preventScroll: true });
  }

  /**
   * Draws the figures after the browser has shown the text.
   * @param {() => void} done
   */
  #paintSoon(done) {
    const turn = this.#painting;
    if (this.#inWords) this.sayInWords();
    afterPaint(async () => {
      await plotlyLoaded;
      if (turn === this.#painting) this.#finish(done);
    });
  }

  /** @param {() => void} done */
  #finish(done) {
    this.#paint();
    this.pointer.drawn();
    queueMicrotask(done); // after the text, too, has been dealt with
  }

  /** Whether every plot of the picture was drawn before. */
  #isPlotted() {
    return this.#all("[data-figure]").every((plot) => /** @type {Plot} */ (plot).data);
  }

  #paint() {
    if (!isLoaded()) return;
    for (const plot of this.#all("[data-figure]")) this.#plot(/** @type {Plot} */ (plot));
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

  /** Writes the sentence of each figure in its place until plotly.js is there. */
  sayInWords() {
    this.#inWords = true;
    if (!isLoaded()) for (const plot of this.#all("[data-figure]")) sayInWords(plot, this.#figures);
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
      node.addEventListener("submit", (event) => answer(event, this.actions.select));
      section = { node };
      this.#sections.set(name, section);
    }
    if (section.html === html) return;
    const before = section.html ?? "";
    section.html = undefined; // not known, should the next line fail
    rewrite(section.node, before, html);
    section.html = html;
    renew(section.node);
  }

  /** @param {MouseEvent} event */
  #click({ target, currentTarget }) {
    // A section can stand in another one: the inner one answers.
    if (!(target instanceof Element) || target.closest(".netdash-section") !== currentTarget) return;
    const button = /** @type {HTMLElement | null} */ (target.closest("[data-save]"));
    if (target.closest("[data-copy-link]")) this.actions.copy();
    else if (button) this.#save(button.dataset);
    else this.#select(target.closest("[data-select]") ?? lineOf(target));
  }

  /**
   * Saves a figure; the button names it and the kind of file.
   * @param {DOMStringMap} button
   */
  #save({ save: format = "svg", of = "" }) {
    const plot = /** @type {Plot | undefined} */ (
      this.#all("[data-figure]").find(({ dataset }) => dataset.figure === of)
    );
    if (!plot?.data) return;
    save(JSON.parse(this.#figures[of]), plot, format).then(
      (name) => this.actions.say(`Saved as ${name}.`),
      () => this.actions.say("The picture could not be saved."),
    );
  }

  /** Closes the card with the source, if one is open. */
  closeCard() {
    const open = cardOf(this.root) !== null;
    if (open) this.actions.select("source:");
    return open;
  }

  /** @param {KeyboardEvent} event */
  #key(event) {
    const { target, key } = event;
    if (target instanceof Element && target.closest(".netdash-section") !== event.currentTarget) return;
    if (key === "Escape" && this.closeCard()) return event.preventDefault();
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

  /** @param {Plot} plot */
  #plot(plot) {
    const sent = this.#figures[plot.dataset.figure ?? ""];
    const width = plot.clientWidth;
    if (sent === undefined || !width) return;
    this.#colors ??= palette(this.body);
    const json = painted(sent, this.#colors);
    const key = `${this.root.dataset.view} ${width} ${json}`; // each view has its own size of type
    const before = this.#drawn.get(plot);
    if (before?.key === key) return;
    const figure = before?.json === json ? before.figure : kept(JSON.parse(json), before?.figure);
    this.#drawn.set(plot, { key, figure, json, width });
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
    if (first) plot.replaceChildren(); // its sentence
    const layout = sized(figure, plot, plot.dataset.title !== "page");
    const done = Plotly.react(plot, tracesOf(figure, plot), layout, CONFIGURATION);
    if (first) this.#listen(plot);
    if (plot.firstElementChild) set(plot.firstElementChild, "aria-hidden", "true"); // the name of the figure says it in words
    await done;
    // At times plotly.js keeps the width that the plot had before.
    if (plot.querySelector(".main-svg")?.clientWidth !== plot.clientWidth) await Plotly.Plots.resize(plot);
  }

  /** @param {Plot} plot that was drawn for the first time */
  #listen(plot) {
    this.#sizes.observe(plot);
    const map = plot.closest("[data-put-x]");
    if (map instanceof HTMLElement) this.pointer.watch(plot, map.dataset);
    // A click on the name, the mark or the figure of a series shows its source, or does what `data-click` names.
    plot.addEventListener("click", (event) => this.#row(plot, event));
  }

  /**
   * @param {Plot} plot
   * @param {MouseEvent} event
   */
  #row(plot, event) {
    const figure = this.#drawn.get(plot)?.figure;
    if (!figure || !("rows" in plot.dataset)) return;
    const { id, therapy } = rowAt(plot, figure, event);
    if (therapy) this.actions.select(`therapy:${therapy}`);
    else if (id) this.actions.select(`${plot.dataset.click ?? "source"}:${id}`);
  }

  /** @param {Plot} plot whose place on the page has another size */
  #resized(plot) {
    if (!plot.data || !plot.offsetHeight) return;
    if (plot.clientWidth !== this.#drawn.get(plot)?.width) this.#plot(plot);
    else Plotly.Plots.resize(plot);
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

/**
 * @param {HTMLElement} plot
 * @param {Record<string, string>} figures
 */
function sayInWords(plot, figures) {
  const json = figures[plot.dataset.figure ?? ""];
  const text = json && JSON.parse(json).layout.meta?.text;
  if (text)
    plot.replaceChildren(
      element("p", {}, `The picture is drawn once a kernel has sent the figure library. In words: ${text}`),
    );
}

/**
 * Calls back after the browser has shown what the page has now.
 * @param {() => void} callback
 */
export const afterPaint = (callback) => requestAnimationFrame(() => setTimeout(callback, 0));

/**
 * The button of the line that was clicked beside its button; none in an opened line.
 * @param {Element} target
 */
const lineOf = (target) => target.closest(".nd-line > *")?.parentElement?.querySelector(".nd-fold") ?? null;

/** The key of the element that has the focus, if it has one. */
const focusedKey = () =>
  document.activeElement instanceof HTMLElement ? document.activeElement.dataset.select : undefined;
