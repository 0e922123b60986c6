// Prepares a figure for Plotly: sizes of the page's type, room for names, buttons that download it.

import { Plotly } from "./plotly.js";

/**
 * @import { Plot } from "./upstream.js"
 * @typedef {{ size: number, family?: string }} Font
 * @typedef {{ automargin?: boolean, ticktext?: string[], ticklabeloverflow?: string }} LayoutAxis
 * @typedef {object} Layout
 * @property {Font} font
 * @property {number} [height]
 * @property {object} [meta]
 * @property {{ [side: string]: number }} [margin]
 * @property {{ text?: string, font?: Font, pad?: { t: number }, subtitle?: { font: Font } }} [title]
 * @property {LayoutAxis} [yaxis]
 * @property {LayoutAxis} [yaxis2]
 * @typedef {{ data: object[], layout: Layout }} Figure
 */

/** @type {Record<string, object>} A configuration by file name: given another object, Plotly.react draws everything again. */
const configurations = {};

/**
 * The buttons of a plot. The camera makes an SVG, the button beside it a PNG; the names of the files say what and when.
 * @param {Layout} layout
 */
export function configuration(layout) {
  const text = (layout.title?.text ?? "figure").toLowerCase();
  const words = text.replace(/<[^>]*>/g, " ").replace(/[^a-z0-9]+/g, "-");
  const filename = `netdash-${words}-${new Date().toISOString().slice(0, 10)}`;
  configurations[filename] ??= {
    responsive: true,
    displaylogo: false,
    showSendToCloud: false, // the button "Share chart" would upload the picture to a server of Plotly's
    toImageButtonOptions: { format: "svg", filename },
    modeBarButtonsToAdd: [
      { name: "png", title: "Download plot as a PNG", icon: Plotly.Icons.camera, click: downloadAs(filename) },
    ],
  };
  return configurations[filename];
}

/** @param {string} filename */
function downloadAs(filename) {
  return (/** @type {HTMLElement} */ plot) => {
    const { offsetWidth: width, offsetHeight: height } = plot;
    return Plotly.downloadImage(plot, { format: "png", filename, scale: 2, width, height });
  };
}

/**
 * `fresh`, with each part that equals a part of `old` replaced by that part. Plotly.react redraws a part that is
 * another object, even when its content is equal.
 * @param {any} fresh
 * @param {any} old
 * @returns {any}
 */
export function kept(fresh, old) {
  if (Object(fresh) !== fresh || Object(old) !== old) return fresh;
  if (JSON.stringify(fresh) === JSON.stringify(old)) return old;
  for (const key of Object.keys(fresh)) fresh[key] = kept(fresh[key], old[key]);
  return fresh;
}

/** @type {CanvasRenderingContext2D | null} */
let pen = null;

/**
 * The width of a line of text in pixels.
 * @param {string} text
 * @param {string} font
 */
function widthOf(text, font) {
  pen ??= document.createElement("canvas").getContext("2d");
  if (!pen) return 0;
  pen.font = font;
  return pen.measureText(text).width;
}

/**
 * Makes room for the names beside the rows. Plotly's automargin would draw everything, measure it, and draw it again.
 * @param {Layout} layout
 * @param {number} width of the plot in pixels
 * @param {typeof widthOf} measure
 */
export function fit(layout, width, measure = widthOf) {
  const { size, family } = layout.font;
  for (const [axis, side] of /** @type {const} */ ([
    [layout.yaxis, "l"],
    [layout.yaxis2, "r"],
  ])) {
    if (!axis?.automargin || !axis.ticktext) continue;
    axis.automargin = false;
    axis.ticklabeloverflow = "allow"; // they fit; measuring each of them again is slow
    const lines = axis.ticktext.flatMap((text) => text.split("<br>"));
    const widths = lines.map((line) => {
      const weight = line.includes("<b>") ? "bold " : "";
      return measure(line.replace(/<[^>]*>/g, ""), `${weight}${size}px ${family}`);
    });
    layout.margin ??= {};
    layout.margin[side] = Math.min(Math.max(...widths) + size, width / 2);
  }
}

/**
 * The layout of a figure in the page's size of type: larger on a projector, smaller on a small screen.
 * @param {Figure} figure
 * @param {Plot} plot where it is drawn
 */
export function sized(figure, plot) {
  const { height = 0, meta: _, ...layout } = figure.layout; // the page shows the texts of `meta` elsewhere
  const size = Number.parseFloat(getComputedStyle(plot).fontSize);
  const scale = size / layout.font.size;
  // The page sets the height, unless it has room for every row.
  if (plot.dataset.height === "own") plot.style.height = `${height * scale}px`;
  layout.font = { ...layout.font, size };
  if (layout.title?.font) layout.title.font.size = 1.25 * size;
  layout.margin ??= {};
  Object.assign(layout.margin, { t: topOf(layout, size, scale), b: 2.2 * size });
  fit(layout, plot.clientWidth);
  return layout;
}

/**
 * The margin above a plot: for the lines of its title, or for the words below the title that belong to the picture.
 * @param {Layout} layout
 * @param {number} size
 * @param {number} scale
 */
function topOf({ title, margin }, size, scale) {
  if (!title?.subtitle) return (1 + 1.6 * (title?.text ?? "").split("<br>").length) * size;
  title.subtitle.font.size = size;
  if (title.pad) title.pad.t *= scale;
  return (margin?.t ?? 0) * scale;
}
