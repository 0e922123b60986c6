// Helpers for elements, whether the page is netdash's own, and the settings of its server.

/**
 * @typedef {object} Settings
 * @property {boolean} [netdashCaseInAddress] whether the case is in the fragment of the address
 * @property {number} [netdashIdleMinutes] minutes without use after which the server ends a session
 */

/** Whether this is netdash's own page; otherwise it is a notebook's. */
export const served = document.body.dataset.netdash === "page";

/** @type {Settings} */
export const settings = served ? JSON.parse(document.getElementById("jupyter-config-data")?.textContent ?? "{}") : {};

/**
 * @param {Element} node
 * @param {string} name
 * @param {string} value
 */
export function set(node, name, value) {
  if (node.getAttribute(name) !== value) node.setAttribute(name, value);
}

/**
 * @param {string} tag
 * @param {Record<string, string>} [attributes]
 * @param {(Node | string)[]} children
 */
export function element(tag, attributes = {}, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) node.setAttribute(name, value);
  node.append(...children);
  return node;
}

/**
 * Whether two values are equal in all their parts.
 * @param {unknown} one
 * @param {unknown} other
 */
export const same = (one, other) => JSON.stringify(one) === JSON.stringify(other);
