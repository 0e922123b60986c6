// plotly.js, loaded once per page and kept apart from any other plotly.js that the page has.

/** @import { Model, PlotlyLibrary } from "./upstream.js" */

/** The version of plotly-cartesian.min.js; vendor.json says where that file comes from. */
const PLOTLY_VERSION = "4.1.1";
// The file sets window.Plotly. The code before and after it restores the page's own.
const BEFORE = "const had = 'Plotly' in window, former = window.Plotly; const module = { exports: {} };\n";
const AFTER = "\nif (had) window.Plotly = former; else delete window.Plotly;\nexport default module.exports;\n";

/** @type {PlotlyLibrary} The plotly.js that netdash draws with, once `loadPlotly` has ended. */
export let Plotly;

/**
 * Loads plotly.js. netdash's own page has put it into `window.netdashPlotly`, by version. Elsewhere the first frame asks
 * its kernel for the file, and the others share it.
 * @param {Model} channel
 */
export async function loadPlotly(channel) {
  const page = /** @type {Window & { netdashPlotly?: Record<string, PlotlyLibrary | Promise<PlotlyLibrary>> }} */ (
    window
  );
  page.netdashPlotly ??= {};
  page.netdashPlotly[PLOTLY_VERSION] ??= fromKernel(channel);
  try {
    Plotly = await page.netdashPlotly[PLOTLY_VERSION];
  } catch (error) {
    delete page.netdashPlotly[PLOTLY_VERSION]; // the next frame asks again
    throw error;
  }
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
