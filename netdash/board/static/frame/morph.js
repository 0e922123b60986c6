// Makes one tree of the page equal to another by changing only what differs: focus, scroll positions and plots stay.

import { set } from "./dom.js";
import { Plotly } from "./plotly.js";

/** @import { Plot } from "./upstream.js" */

/** What tells a button of a row from others, and whether it is the chosen one. */
const SAME = ["data-select", "aria-pressed", "aria-current"];

/**
 * Whether an attribute is not the picture's: a reader opened a part; stops.js chose the stop in a row of buttons.
 * @param {Element} from has ancestors of the new picture
 * @param {Element} to
 * @param {string} name
 */
function isKept(from, to, name) {
  if (name === "open") return from.nodeName === "DETAILS";
  const same = () => SAME.every((one) => from.getAttribute(one) === to.getAttribute(one));
  return name === "tabindex" && from.closest("[data-roving]") !== null && same();
}

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
    if (!to.hasAttribute(name) && !isKept(from, to, name)) from.removeAttribute(name);
  }
  for (const { name, value } of to.attributes) set(from, name, value);
  if (!/\bnetdash-slot-/.test(from.className)) morphChildren(from, to); // in a slot is a section of its own
}

/**
 * @param {ParentNode} from
 * @param {ParentNode} to
 */
export const morphChildren = (from, to) => morphNodes([...from.childNodes], to, (node) => from.append(node));

/**
 * @param {ChildNode[]} old siblings
 * @param {ParentNode} to has the nodes that they become
 * @param {(node: Node) => void} add puts a node after them
 */
function morphNodes(old, to, add) {
  const fresh = [...to.childNodes];
  for (const [i, node] of fresh.entries()) {
    if (i < old.length) morph(old[i], node);
    else add(node);
  }
  for (const node of old.slice(fresh.length)) {
    discard(node);
    node.remove();
  }
}

/**
 * Makes a section show another HTML. Where the kernel has marked parts and nothing differs around them, only the parts
 * that differ are parsed.
 * @param {HTMLElement} section
 * @param {string} before the HTML that it shows
 * @param {string} html
 */
export function rewrite(section, before, html) {
  const old = before.split(MARK);
  const fresh = html.split(MARK);
  const marks = marksIn(section);
  const isAround = (/** @type {number} */ i) => i % 2 === 0;
  if (marks.length !== fresh.length - 1 || fresh.some((text, i) => isAround(i) && text !== old[i]))
    return morphChildren(section, parse(html));
  for (const [i, text] of fresh.entries()) {
    if (text === old[i]) continue;
    const end = marks[i];
    morphNodes(between(marks[i - 1], end), parse(text), (node) => end.before(node));
  }
}

const MARK = /<!--[[\]]-->/;

/** @param {HTMLElement} section */
function marksIn(section) {
  const comments = document.createTreeWalker(section, NodeFilter.SHOW_COMMENT);
  const found = [];
  while (comments.nextNode()) found.push(/** @type {Comment} */ (comments.currentNode));
  return found;
}

/**
 * The siblings between two others.
 * @param {Comment} start
 * @param {Comment} end
 */
function between(start, end) {
  const found = [];
  for (let node = start.nextSibling; node && node !== end; node = node.nextSibling) found.push(node);
  return found;
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
