// plotly.js, loaded once per page and kept apart from any other plotly.js that the page has.

/** @import { Model, PlotlyLibrary } from "./upstream.js" */

/** The version of plotly-cartesian.min.js; vendor.json says where that file comes from. */
const PLOTLY_VERSION = "4.1.1";
// The file sets window.Plotly. The code before and after it restores the page's own.
const BEFORE = "const had = 'Plotly' in window, former = window.Plotly; const module = { exports: {} };\n";
const AFTER = "\nif (had) window.Plotly = former; else delete window.Plotly;\nexport default module.exports;\n";

/**
 * What frames wait for until one kernel has sent the file.
 * @typedef {{ library: Promise<PlotlyLibrary>, take: (library: PlotlyLibrary) => void }} Awaited
 * @typedef {Window & { netdashPlotly?: Record<string, PlotlyLibrary | Promise<PlotlyLibrary> | Awaited> }} Page
 */

/** @type {PlotlyLibrary} The plotly.js that netdash draws with, once `loadPlotly` has ended. */
export let Plotly;

export const isLoaded = () => Plotly !== undefined;
/** @type {() => void} */
let loaded;
/** Is kept once there is a plotly.js to draw with: text is shown before it. @type {Promise<void>} */
export const plotlyLoaded = new Promise((resolve) => {
  loaded = resolve;
});

/**
 * Loads plotly.js. netdash's own page loads it when `window.netdashPlotly` is read, by version. Elsewhere every frame asks
 * its own kernel for the file, and the first answer serves all: the kernel of a saved board never answers.
 * @param {Model} channel
 */
export async function loadPlotly(channel) {
  const page = /** @type {Page} */ (window);
  page.netdashPlotly ??= {};
  const found = page.netdashPlotly[PLOTLY_VERSION];
  if (found && !("take" in found)) {
    try {
      Plotly = await found;
      return loaded();
    } catch {
      delete page.netdashPlotly[PLOTLY_VERSION]; // the kernel has the file, too
    }
  }
  page.netdashPlotly[PLOTLY_VERSION] ??= awaited();
  const { library, take } = /** @type {Awaited} */ (page.netdashPlotly[PLOTLY_VERSION]);
  const sent = fromKernel(channel);
  sent.then(take, () => {}); // of several, a promise keeps the first
  Plotly = await Promise.race([library, sent]);
  loaded();
}

/** @returns {Awaited} */
function awaited() {
  /** @type {(library: PlotlyLibrary) => void} */
  let take = () => {};
  const library = new Promise((/** @type {(library: PlotlyLibrary) => void} */ resolve) => {
    take = resolve;
  });
  return { library, take };
}

/**
 * @param {Model} channel
 * @returns {Promise<PlotlyLibrary>}
 */
function fromKernel(channel) {
  return new Promise((resolve, reject) => {
    channel.on(
      "msg:custom",
      (/** @type {{ type: string }} */ message, /** @type {ArrayBufferView<ArrayBuffer>[]} */ buffers) => {
        if (message.type !== "plotly") return;
        const url = URL.createObjectURL(new Blob([BEFORE, ...buffers, AFTER], { type: "text/javascript" }));
        import(url).then((script) => resolve(script.default), reject).finally(() => URL.revokeObjectURL(url));
      },
    );
    channel.send({ type: "plotly" });
  });
}
