// Prepares a figure for Plotly: the page's type and colors, room for names, heights of rows, files that are saved.

import { Plotly } from "./plotly.js";
import { axesOf, beyondAt, gapAt } from "./upstream.js";

/**
 * @import { Plot } from "./upstream.js"
 * @typedef {{ size: number, family?: string }} Font
 * @typedef {{ automargin?: boolean, ticktext?: string[], tickvals?: number[], ticklabeloverflow?: string }} LayoutAxis
 * @typedef {{ text: string, y: number, name?: string, xshift?: number }} Annotation
 * @typedef {object} Title
 * @property {string} [text]
 * @property {object} [font]
 * @property {object} [pad]
 * @property {{ text?: string, font?: object }} [subtitle]
 * @typedef {object} Layout
 * @property {Font} font
 * @property {number} [height]
 * @property {object} [meta]
 * @property {{ [side: string]: number }} [margin]
 * @property {Title} [title]
 * @property {LayoutAxis} [yaxis]
 * @property {LayoutAxis} [yaxis2]
 * @property {Annotation[]} [annotations]
 * @property {{ minsize: number }} [uniformtext]
 * @typedef {object} Trace
 * @property {{ size?: number | number[] }} [marker]
 * @property {string[]} [customdata]
 * @property {number[]} [x]
 * @property {number[]} [y]
 * @typedef {{ data: Trace[], layout: Layout }} Figure
 */

/** The colors in which Python draws, and the tokens of the page that stand for them. */
const COLORS = {
  "#1A1A1A": "--nd-ink",
  "#767676": "--nd-soft",
  "#DADADA": "--nd-line",
  "#0072B2": "--nd-met",
  "#D55E00": "--nd-missed",
  white: "--nd-paper",
};
const PAINTED = new RegExp(Object.keys(COLORS).join("|").replace("white", '(?<=")white(?=")'), "g");
/** The same colors where they are partly transparent. */
const CLEAR = /rgba\((255, 255, 255|213, 94, 0), ([\d.]+)\)/g;
/** Height of a line of text, in sizes of the type; a row is a little higher than one line. */
const LINE = 1.25;
const ROW = 1.45;
/** Between a name and the axis, and between a name and the edge together, in sizes of the type. */
const GAP = 0.8;
const INSET = 4; // px between the edge of a plot and a line that runs over its whole width
/** The buttons are the page's own: they are always in sight and have names. */
export const CONFIGURATION = { responsive: true, displayModeBar: false, displaylogo: false, showSendToCloud: false };

/**
 * The page's colors for those of a figure. An unknown token leaves a color as it is.
 * @param {HTMLElement} place in the board
 * @returns {Record<string, string>}
 */
export function palette(place) {
  const probe = document.createElement("i");
  probe.style.setProperty("forced-color-adjust", "none"); // else every color is that of the system's text
  place.append(probe);
  const found = Object.entries(COLORS).map(([color, token]) => {
    probe.style.color = `var(${token}, ${color})`;
    return [color, getComputedStyle(probe).color];
  });
  probe.remove();
  return Object.fromEntries(found);
}

/**
 * The text of a figure in the page's colors.
 * @param {string} json
 * @param {Record<string, string>} colors
 */
export const painted = (json, colors) =>
  json
    .replace(PAINTED, (color) => colors[color] ?? color)
    .replace(
      CLEAR,
      (color, part, alpha) => clear(colors[part.startsWith("255") ? "white" : "#D55E00"], alpha) ?? color,
    );

/**
 * @param {string | undefined} color as the browser computes it, "rgb(1, 2, 3)"
 * @param {string} alpha
 */
const clear = (color, alpha) => color?.replace("rgb(", "rgba(").replace(")", `, ${alpha})`);

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
 * Makes room for the names and figures beside the rows, and leaves half of the width for the axis: longer texts are
 * broken, and so are the lines that run over the whole width. Plotly's automargin would draw everything, measure it, and
 * draw it again.
 * @param {Layout} layout
 * @param {number} width of the plot in pixels
 * @param {typeof widthOf} measure
 * @returns {number} how many lines the highest row has
 */
export function fit(layout, width, measure = widthOf) {
  const { size, family } = layout.font;
  const margin = { ...layout.margin };
  layout.margin = margin;
  /** @type {Map<string, number>} */
  const widths = new Map();
  /** @param {string} line */
  const wide = (line) => {
    const weight = line.includes("<b>") ? "bold " : "";
    const found = widths.get(line) ?? measure(line.replace(/<[^>]*>/g, ""), `${weight}${size}px ${family}`);
    widths.set(line, found);
    return found;
  };
  const widest = (/** @type {string[]} */ texts) =>
    Math.max(0, ...texts.flatMap((text) => text.split("<br>")).map(wide));
  const sides = /** @type {const} */ ([
    ["yaxis2", "r"],
    ["yaxis", "l"],
  ]).filter(([axis]) => layout[axis]?.automargin && layout[axis].ticktext);
  let most = 1;
  for (const [name, side] of sides) {
    const axis = { ...layout[name], automargin: false, ticklabeloverflow: "allow" }; // they fit
    const texts = axis.ticktext ?? [];
    // A quarter of the width for the figures, what is left of the half for the names.
    const half = width / 2 - 1; // the browser rounds
    const room = (side === "r" ? half / 2 : half - (sides.length > 1 ? (margin.r ?? 0) : 0)) - GAP * size;
    if (widest(texts) > room) {
      axis.ticktext = texts.map((text) => broken(text, room, wide));
      const grown = axis.ticktext.map((text, i) => text.split("<br>").length - texts[i].split("<br>").length);
      most = Math.max(most, 1 + Math.max(...grown));
    }
    layout[name] = axis;
    margin[side] = Math.min(widest(axis.ticktext ?? []) + GAP * size, half);
  }
  layout.annotations = layout.annotations?.map((note) => {
    const room = width - 2 * INSET;
    if (!note.name || wide(note.text) <= room) return note;
    const text = broken(note.text.replace(/(\d|\bof) (?=[a-z\d])/g, "$1\u00a0"), room, wide); // "0 of 7 met" in one piece
    most = Math.max(most, text.split("<br>").length);
    return { ...note, text };
  });
  return most;
}

/**
 * A text with breaks between its words, so that each line fits where that is possible.
 * @param {string} text
 * @param {number} room in pixels
 * @param {(line: string) => number} wide
 */
function broken(text, room, wide) {
  /** @param {string} line */
  const lines = (line) => {
    if (wide(line) <= room) return [line];
    // A sign stays with the name or the number before it, and "n = 15" in one piece. A space in a tag is no break.
    const glued = line.replace(/ = /g, "\u00a0=\u00a0").replace(/ (?=[†‡◦≠](?:[ <]|$))/g, "\u00a0");
    const [first, ...words] = glued.split(/ (?![^<>]*>)/);
    const made = [first];
    for (const word of words) {
      const longer = `${made.at(-1)} ${word}`;
      if (wide(longer) <= room) made[made.length - 1] = longer;
      else made.push(word);
    }
    return made;
  };
  return text.split("<br>").flatMap(lines).join("<br>");
}

/**
 * The layout of a figure in the page's size of type, with rows that are never lower than it.
 * @param {Figure} figure
 * @param {Plot} plot where it is drawn
 * @param {boolean} titled whether the picture has its title; otherwise the page has it
 */
export function sized(figure, plot, titled) {
  const { height = 0, meta: _, ...given } = figure.layout; // the page shows the texts of `meta` elsewhere
  const layout = { ...given, margin: { ...given.margin } };
  const size = Number.parseFloat(getComputedStyle(plot).fontSize);
  const scale = size / given.font.size;
  const { margin } = layout;
  const rows = height * scale - (margin.t + margin.b) * scale;
  layout.font = { ...given.font, size };
  if (layout.uniformtext) layout.uniformtext = { ...layout.uniformtext, minsize: Math.floor(size) };
  const warnings = warningsOf(given, size, plot.clientWidth);
  layout.title = titled ? titleOf(given, size, scale) : warnings;
  Object.assign(margin, { t: titled ? topOf(given, size, scale) : underOf(warnings, size) });
  margin.b = height ? margin.b * scale : 2.2 * size;
  const lines = fit(layout, plot.clientWidth);
  place(layout);
  if (plot.dataset.height === "own" && height) {
    const grown = Math.max(1, (lines * LINE) / ROW);
    plot.style.height = `${Math.ceil(rows * grown + layout.margin.t + layout.margin.b)}px`;
  }
  return layout;
}

/**
 * Puts the lines that run over the whole width at the left edge.
 * @param {Layout} layout
 */
function place(layout) {
  if (!layout.annotations?.some(({ name }) => name)) return;
  const left = layout.margin?.l ?? 0;
  layout.annotations = layout.annotations.map((note) => (note.name ? { ...note, xshift: INSET - left } : note));
}

/**
 * @param {Layout} layout
 * @param {number} size
 * @param {number} scale
 * @returns {Title | undefined}
 */
function titleOf({ title }, size, scale) {
  if (!title) return title;
  const { t = 0 } = /** @type {{ t?: number }} */ (title.pad ?? {});
  return {
    ...title,
    ...(title.font ? { font: { ...title.font, size: 1.25 * size } } : {}),
    ...(title.pad ? { pad: { ...title.pad, t: t * scale } } : {}),
    ...(title.subtitle ? { subtitle: { ...title.subtitle, font: { ...title.subtitle.font, size } } } : {}),
  };
}

/**
 * The words under the title, which belong to the picture wherever its title stands.
 * @param {Layout} layout
 * @param {number} size
 * @param {number} width of the plot in pixels
 * @returns {Title | undefined}
 */
function warningsOf({ title, font }, size, width) {
  const given = title?.subtitle?.text;
  if (!given) return undefined;
  const text = broken(given, width - 2 * INSET, (line) => widthOf(line, `${size}px ${font.family}`));
  const place = { x: 0, xref: "container", xanchor: "left", y: 1, yref: "container", yanchor: "top" };
  return { text, font: { size }, pad: { t: size, l: INSET }, ...place };
}

/**
 * The margin above a plot that has its title on the page.
 * @param {Title | undefined} warnings
 * @param {number} size
 */
function underOf(warnings, size) {
  return (warnings?.text ? 1.2 + 1.3 * warnings.text.split("<br>").length : 0.6) * size;
}

/**
 * The margin above a plot: for the lines of its title, or for the words below the title that belong to the picture.
 * @param {Layout} layout
 * @param {number} size
 * @param {number} scale
 */
function topOf({ title, margin }, size, scale) {
  if (!title?.subtitle) return (1 + 1.6 * (title?.text ?? "").split("<br>").length) * size;
  return (margin?.t ?? 0) * scale;
}

/** @type {WeakMap<Trace, { scale: number, trace: Trace }>} */
const scaled = new WeakMap();

/**
 * The traces with marks in the page's size of type. Equal traces stay the same objects.
 * @param {Figure} figure
 * @param {Plot} plot
 */
export function tracesOf({ data, layout }, plot) {
  const scale = Number.parseFloat(getComputedStyle(plot).fontSize) / layout.font.size;
  return data.map((trace) => {
    const size = trace.marker?.size;
    if (scale === 1 || size === undefined) return trace;
    const before = scaled.get(trace);
    if (before?.scale === scale) return before.trace;
    const grown = Array.isArray(size) ? size.map((one) => one * scale) : size * scale;
    const made = { ...trace, marker: { ...trace.marker, size: grown } };
    scaled.set(trace, { scale, trace: made });
    return made;
  });
}

/**
 * Saves a figure as a file of the browser, on white as it would be printed; its name says what it shows and when.
 * @param {Figure} figure as the kernel sent it
 * @param {Plot} plot where it is drawn
 * @param {string} format "svg" or "png"
 * @returns {Promise<string>} the name of the file
 */
export async function save(figure, plot, format) {
  const text = (figure.layout.title?.text ?? "figure").toLowerCase();
  const words = text.replace(/<[^>]*>/g, " ").replace(/[^a-z0-9]+/g, "-");
  const filename = `netdash-${words}-${new Date().toISOString().slice(0, 10)}`;
  const { height } = plot.style;
  const layout = sized(figure, plot, true);
  plot.style.height = height;
  const added = (layout.margin?.t ?? 0) - underOf(figure.layout, layout.font.size);
  const size = { width: plot.offsetWidth, height: plot.offsetHeight + (plot.dataset.title === "page" ? added : 0) };
  const data = tracesOf(figure, plot);
  await Plotly.downloadImage({ data, layout }, { format, filename, scale: format === "png" ? 2 : 1, ...size });
  return `${filename}.${format}`;
}

/**
 * What a row of a plot stands for: the source of a series, or a therapy.
 * @param {Plot} plot
 * @param {Figure} figure
 * @param {MouseEvent} event
 * @returns {{ id?: string, therapy?: string }}
 */
export function rowAt(plot, figure, event) {
  const { yaxis, xaxis } = axesOf(plot);
  const { left, top } = plot.getBoundingClientRect();
  const at = beyondAt(yaxis, event.clientY - top);
  const x = event.clientX - left;
  const headings = (figure.layout.annotations ?? []).filter(({ name }) => name);
  const headed = (/** @type {number} */ y) => headings.find((note) => Math.abs(note.y - y) < 0.5);
  const points = figure.data.flatMap((trace) =>
    (trace.customdata ?? []).map((id, i) => ({ id, y: trace.y?.[i], gap: gapAt(xaxis, trace.x?.[i] ?? 0, x) })),
  );
  const found = points.filter(({ id, y = Number.NaN }) => id && Math.abs(y - at) < 0.5);
  const near = found.toSorted((one, other) => (one.gap ?? 0) - (other.gap ?? 0))[0];
  // Beside the axis, a line of several series stands for their therapy, whose name is above it.
  const heading = headed(at) ?? (found.length > 1 && near.gap === undefined ? headed(at + 1) : undefined);
  if (heading) return { therapy: heading.name?.replace("therapy:", "") };
  return { id: near?.id };
}
