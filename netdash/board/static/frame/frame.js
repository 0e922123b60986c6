// The entry point: anywidget calls it to put the computed part of a board on the page.

import { element } from "./dom.js";
import { Entries } from "./entries.js";
import { loadPlotly } from "./plotly.js";
import { isSaved, wholeModel } from "./upstream.js";
import { View } from "./view.js";

/**
 * @import { WholeControls } from "./entries.js"
 * @import { Model, WidgetManager } from "./upstream.js"
 * @import { Controls } from "./watch.js"
 * @typedef {object} Widget
 * @property {Model & { widget_manager: WidgetManager }} model
 * @property {HTMLElement} el
 * @property {{ getModel: (reference: string) => Promise<Model> }} host
 * @property {AbortSignal} signal
 */

/** @param {Widget} widget */
async function render({ model, el, host, signal }) {
  const manager = model.widget_manager;
  const channel = await host.getModel(model.get("channel"));
  /** @type {Controls} */
  const controls = {};
  /** @type {WholeControls} the same, whole: what anywidget gives of a model is its public part */
  const whole = {};
  /** @type {[string, [string, string]][]} */
  const references = Object.entries(model.get("controls"));
  for (const [name, [reference, trait]] of references) {
    controls[name] = [await host.getModel(reference), trait];
    whole[name] = [await wholeModel(manager, reference), trait];
  }
  /** @type {string[]} */
  const buttons = model.get("files");
  const entries = new Entries(whole, await Promise.all(buttons.map((button) => wholeModel(manager, button))));
  const files = await Promise.all(buttons.map((button) => host.getModel(button)));
  const saved = isSaved(await wholeModel(manager, model.get("channel")));
  const view = new View({ el, channel, controls, entries, files, kernel: manager.kernel, saved, signal });
  view.start();
  await view.shows; // a slow machine needs a second or more to run plotly.js, and shows the verdicts before
  await loadPlotly(channel).catch((error) => {
    el.append(element("p", { role: "alert" }, "netdash cannot draw pictures: its figure library did not load."));
    throw error;
  });
}

export default { render };
