// Makes one tree of the page equal to another by changing only what differs: focus, scroll positions and plots stay.

import { set } from "./dom.js";
import { Plotly } from "./plotly.js";

/** @import { Plot } from "./upstream.js" */

/**
 * Whether an attribute is not the picture's: a reader opened a part; stops.js chose the stop in a row of buttons.
 * @param {Element} node whose ancestors are those of the new picture
 * @param {string} name
 */
const isKept = (node, name) =>
  (name === "open" && node.nodeName === "DETAILS") || (name === "tabindex" && node.closest("[data-roving]") !== null);

/** @param {Node} node */
const figureOf = (node) => (node instanceof HTMLElement ? node.dataset.figure : undefined);

/**
 * @param {ChildNode} from
 * @param {Node} to
 */
function morph(from, to) {
  if (from.isEqualNode(to)) return; // most are equal, and the browser compares faster than the steps below
  if (from.nodeName !== to.nodeName || figureOf(from) !== figureOf(to)) {
    discard(from);
    from.replaceWith(to);
  } else if (from instanceof Element && to instanceof Element) morphElement(from, to);
  else if (from.nodeValue !== to.nodeValue) from.nodeValue = to.nodeValue;
}

/**
 * @param {Element} from
 * @param {Element} to
 */
function morphElement(from, to) {
  if (figureOf(to) !== undefined) {
    // The children and the classes of a plot are Plotly's own.
    for (const { name, value } of to.attributes) if (name !== "class") set(from, name, value);
    return;
  }
  for (const { name } of [...from.attributes]) {
    if (!to.hasAttribute(name) && !isKept(from, name)) from.removeAttribute(name);
  }
  for (const { name, value } of to.attributes) set(from, name, value);
  if (!/\bnetdash-slot-/.test(from.className)) morphChildren(from, to); // in a slot is a section of its own
}

/**
 * @param {ParentNode} from
 * @param {ParentNode} to
 */
export function morphChildren(from, to) {
  const old = [...from.childNodes];
  const fresh = [...to.childNodes];
  for (const [i, node] of fresh.entries()) {
    if (i < old.length) morph(old[i], node);
    else from.append(node);
  }
  for (const node of old.slice(fresh.length)) {
    discard(node);
    node.remove();
  }
}

/**
 * Frees what Plotly holds of the plots in a tree that is about to leave the page.
 * @param {Node} node
 */
export function discard(node) {
  if (!(node instanceof Element)) return;
  const plots = /** @type {Iterable<Plot>} */ ([node, ...node.querySelectorAll("[data-figure]")]);
  for (const plot of plots) if (plot.data) Plotly.purge(plot);
}

/**
 * Makes nodes of the HTML of a section; what can be pressed can be reached by key.
 * @param {string} html
 */
export function parse(html) {
  const { content } = Object.assign(document.createElement("template"), { innerHTML: html });
  for (const node of content.querySelectorAll("[data-select]:not(button)")) {
    if (!node.hasAttribute("role")) node.setAttribute("role", "button");
    if (!node.hasAttribute("tabindex")) node.setAttribute("tabindex", "0");
  }
  return content;
}
