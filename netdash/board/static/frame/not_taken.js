// The inputs that were entered while the connection was lost and did not reach the kernel. The page lists them, keeps
// them, and enters them when a button is pressed.

import { same } from "./dom.js";
import { offer } from "./notices.js";
import { wordsOf } from "./upstream.js";

/**
 * @import { Entries } from "./entries.js"
 * @import { Controls, Inputs } from "./watch.js"
 * @typedef {{ name?: string, value?: unknown, words: string }} NotEntered a file has words only
 */

/**
 * An input in words: "Age 55 years".
 * @param {Controls[string]} control
 * @param {unknown} value
 * @param {string | undefined} label of a slider, by the picture
 */
export function inWords([control, trait], value, label) {
  const named = label ?? control.get("description");
  if (typeof value === "boolean") return `${control.get("tooltip") ?? named}: ${value ? "yes" : "no"}`;
  if (Array.isArray(value)) return `${named.split(",")[0]} ${value.join(" to ")}`; // of a slider with two handles
  const text = String((trait === "index" ? wordsOf(control)[Number(value)] : value) ?? "").trim();
  const [what, unit = ""] = named.split(/, (?=[^,]*$)/); // of a box: "Age, years"
  return text ? `${what} ${text} ${unit}`.trim() : `${what} not entered`;
}

export class NotTaken {
  /** @type {NotEntered[]} begins with what the page held before it was loaded again */
  list = history.state?.netdashDropped ?? [];
  /** @type {Inputs} that the kernel had when the connection was last restored */
  #told = {};

  /**
   * @param {object} parts
   * @param {Controls} parts.controls
   * @param {Entries} parts.entries
   * @param {(name: string, value: unknown) => string} parts.words of an input
   * @param {() => void} parts.changed
   */
  constructor({ controls, entries, words, changed }) {
    this.controls = controls;
    this.entries = entries;
    this.words = words;
    this.changed = changed;
    this.offer = offer({ enter: () => this.#enter(), dismissed: () => this.set([]) });
  }

  /** @param {NotEntered[]} list */
  set(list) {
    this.list = list;
    this.offer.show(
      [...new Set(list.map(({ words }) => words))],
      list.some((one) => this.#canEnter(one)),
    );
    this.changed();
  }

  /**
   * Adds what the kernel has not taken, when the connection is restored.
   * @param {Inputs} told the inputs that the kernel has
   * @param {[string, unknown][]} dropped
   * @param {string[]} files
   */
  add(told, dropped, files) {
    this.#told = told;
    const fresh = dropped.map(([name, value]) => ({ name, value, words: this.words(name, value) }));
    const before = this.list.filter(({ name }) => !fresh.some((one) => one.name === name));
    const lost = files.map((name) => ({ words: `the file ${name} (open it again if it is not there)` }));
    this.set([...before, ...fresh, ...lost]);
  }

  /**
   * Leaves out an input that is entered again.
   * @param {string} name
   */
  forget(name) {
    if (this.list.some((one) => one.name === name)) this.set(this.list.filter((one) => one.name !== name));
  }

  /**
   * What remains of the list after a picture. Nothing remains when another case was opened: then inputs change that
   * nobody entered on this page.
   * @param {Inputs} inputs of the picture
   * @param {Inputs | undefined} shown inputs of the picture before it
   */
  left(inputs, shown) {
    /** @param {(all: Inputs) => unknown} read */
    const known = (read) => !shown || [shown, this.#told].some((before) => same(read(before), read(inputs)));
    if (!this.entries.any && !known((all) => all)) return [];
    return this.list.filter(({ name, value }) => !name || (known((all) => all[name]) && !same(inputs[name], value)));
  }

  /**
   * Whether an input can be entered. A file cannot; nor can a choice that means another word in this version.
   * @param {NotEntered} one
   */
  #canEnter({ name, value, words }) {
    return name !== undefined && name in this.controls && this.words(name, value) === words;
  }

  #enter() {
    const list = this.list.filter((one) => this.#canEnter(one));
    this.set(this.list.filter((one) => !this.#canEnter(one)));
    for (const { name = "", value } of list) {
      const [control, trait] = this.controls[name];
      control.set(trait, value);
      control.save_changes();
    }
  }
}
