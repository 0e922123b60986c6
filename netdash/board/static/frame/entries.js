// Keeps what was entered on this page until the kernel has answered. A lost connection loses inputs. Then JupyterLab
// puts the kernel's values back into the controls, and ipywidgets waits for the lost answers and sends nothing more.

import { same } from "./dom.js";
import { comesFromKernel, expectedEcho, isUnanswered, sendWaiting, stopWaiting, wordsOf } from "./upstream.js";

/**
 * @import { WholeModel } from "./upstream.js"
 * @import { Inputs } from "./watch.js"
 * @typedef {Record<string, [WholeModel, string]>} WholeControls each with the trait that is its value, by name
 */

const FURTHER = "-or"; // ends the name of a list of further possible words

export class Entries {
  /** @type {Map<string, unknown>} value by name of the control, the latest last */
  #entered = new Map();
  /** @type {Map<string, string>} of a list of further words what its entry said when it was picked: "or duodenum" */
  #picked = new Map();
  /** @type {Map<string, string | undefined>} the message that had no answer when the kernel was asked, by control */
  #waiting = new Map();
  /** @type {Set<string>} controls changed since the kernel was asked */
  #since = new Set();
  #asking = false; // true until the kernel has answered which inputs it has
  /** @type {[WholeModel, string | undefined][]} the files whose buttons had no answer then */
  #files = [];

  /**
   * @param {WholeControls} controls
   * @param {WholeModel[]} files models of the buttons that open files
   */
  constructor(controls, files) {
    this.controls = controls;
    this.files = files;
  }

  get any() {
    return this.#entered.size > 0;
  }

  /**
   * To be called on each change of a control.
   * @param {string} name
   * @returns {boolean} whether the change was made on this page
   */
  note(name) {
    const [model, trait] = this.controls[name];
    if (comesFromKernel(model)) return false;
    this.sendWaiting(name);
    this.#entered.delete(name);
    this.#entered.set(name, model.get(trait));
    if (name.endsWith(FURTHER)) this.#picked.set(name, wordsOf(model)[model.get(trait)]);
    this.#since.add(name);
    return true;
  }

  /**
   * Sends what waits in other controls, so that the kernel gets everything in the order in which it was entered.
   * @param {string} [next] the control that is about to send
   */
  sendWaiting(next) {
    for (const [name, [model]] of Object.entries(this.controls)) if (name !== next) sendWaiting(model);
  }

  /** Forgets what the kernel has answered. */
  forget() {
    if (this.#asking) return;
    for (const name of this.#entered.keys()) if (!isUnanswered(this.controls[name][0])) this.#entered.delete(name);
  }

  /**
   * What was entered and is not among these inputs.
   * @param {Inputs} inputs
   * @returns {[string, unknown][]}
   */
  beside(inputs) {
    return [...this.#entered].filter(
      ([name, value]) => !same(inputs[name], value) && !this.#isReplaced(name) && !this.#isAdded(name, Number(value)),
    );
  }

  /**
   * Whether the kernel has taken a further word: the list itself goes back to its first entry each time, but the entry of
   * the word then says another thing, as "without duodenum".
   * @param {string} name
   * @param {number} entry
   */
  #isAdded(name, entry) {
    return this.#picked.has(name) && wordsOf(this.controls[name][0])[entry] !== this.#picked.get(name);
  }

  /** To be called when the kernel is asked what it has, after the connection was lost. */
  ask() {
    this.forget();
    this.#asking = true;
    const waiting = Object.entries(this.controls).filter(([, [model]]) => isUnanswered(model));
    this.#waiting = new Map(waiting.map(([name, [model, trait]]) => [name, expectedEcho(model, trait)]));
    this.#files = this.files.filter(isUnanswered).map((model) => [model, model.get("value")[0]?.name]);
    this.#since.clear();
  }

  /**
   * Puts the kernel's values into the controls, unless an answer is still missing: then the kernel must be asked again.
   * @param {Inputs} inputs that the kernel has
   * @returns what was entered and is not among the inputs, and the names of files that may be lost; else nothing
   */
  settle(inputs) {
    for (const [name, message] of this.#waiting) this.#free(name, message);
    const controls = Object.entries(this.controls);
    if (controls.some(([, [model]]) => isUnanswered(model))) return undefined;
    const [dropped, files] = [this.beside(inputs), this.#files.filter(([model]) => isUnanswered(model))];
    this.#entered.clear();
    this.#asking = false;
    for (const [name, [model, trait]] of controls) {
      if (!same(model.get(trait), inputs[name])) model.set_state({ [trait]: inputs[name] });
    }
    for (const [model] of files) stopWaiting(model);
    return { dropped, files: files.map(([, name]) => name).filter((name) => name !== undefined) };
  }

  /**
   * Lets a control send again. The kernel answers in order: an answer that has not come by now was lost.
   * @param {string} name
   * @param {string | undefined} message
   */
  #free(name, message) {
    const [model, trait] = this.controls[name];
    if (!isUnanswered(model) || expectedEcho(model, trait) !== message) return; // it came; another was sent
    stopWaiting(model);
    if (this.#since.has(name) && !this.#isReplaced(name)) model.send_sync_message({ [trait]: this.#entered.get(name) });
  }

  /**
   * Whether another control of the same input was changed later: a slider's value must not follow that of its box. A
   * further word of a choice adds to it and replaces nothing.
   * @param {string} name
   */
  #isReplaced(name) {
    const names = [...this.#entered.keys()];
    const [input] = name.split("-");
    return names
      .slice(names.indexOf(name) + 1)
      .some((later) => later === input || later.match(`^${input}-(box|range)$`));
  }
}
