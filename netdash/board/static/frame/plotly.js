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
 */

/** @typedef {PlotlyLibrary | Promise<PlotlyLibrary> | Awaited} Found What a page may have at its version. */

/** @type {PlotlyLibrary} The plotly.js that netdash draws with, once `loadPlotly` has ended. */
export let Plotly;

export const isLoaded = () => Plotly !== undefined;

/**
 * Loads plotly.js. netdash's own page has put it into `window.netdashPlotly`, by version. Elsewhere every frame asks its
 * own kernel for the file, and the first answer serves all: the kernel of a saved board never answers.
 * @param {Model} channel
 */
export async function loadPlotly(channel) {
  const page = /** @type {Window & { netdashPlotly?: Record<string, Found> }} */ (window);
  page.netdashPlotly ??= {};
  page.netdashPlotly[PLOTLY_VERSION] ??= awaited();
  const found = page.netdashPlotly[PLOTLY_VERSION];
  if ("take" in found) {
    const sent = fromKernel(channel);
    sent.then(found.take, () => {}); // of several, a promise keeps the first
    Plotly = await Promise.race([found.library, sent]);
    return;
  }
  try {
    Plotly = await found; // the served page loads the file when it is first asked for
  } catch {
    delete page.netdashPlotly[PLOTLY_VERSION];
    await loadPlotly(channel);
  }
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
