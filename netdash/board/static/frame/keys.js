// The keys for presenting, and how they are kept from the shortcuts of a notebook.

import { set } from "./dom.js";
import { KEEPS_KEYS } from "./upstream.js";

/** @type {Record<string, string>} */
const ALWAYS = { p: "do:present", u: "do:undo" };
/** @type {Record<string, string>} */
const PRESENTING = {
  escape: "do:leave",
  arrowright: "do:next",
  arrowleft: "do:previous",
  arrowup: "do:therapy-up",
  arrowdown: "do:therapy-down",
  enter: "do:why",
};
/** @type {Record<string, string>} */
const ON_BOARD = { escape: "do:leave" };

/**
 * The command of a key. A key typed into an input is no command; a slider takes arrows and no letters, a button Enter.
 * @param {KeyboardEvent} event
 * @param {string | undefined} view that is shown
 * @returns {string | undefined}
 */
export function commandOf(event, view) {
  if (event.defaultPrevented || event.ctrlKey || event.altKey || event.metaKey) return undefined;
  const target = event.target instanceof Element ? event.target : null;
  if (target?.closest("input, select, textarea, [contenteditable]")) return undefined;
  const key = event.key.toLowerCase();
  if (key.length > 1 && target?.closest("[role=slider]")) return undefined;
  if (key === "enter" && target?.closest("button, a, summary, [role=button]")) return undefined;
  return ALWAYS[key] ?? { present: PRESENTING, board: ON_BOARD }[view ?? ""]?.[key];
}

/**
 * JupyterLab and Notebook use arrow keys and Enter for their cells, even when a slider or a button in a cell has the
 * focus. They look for this attribute from that element upward, and for some keys at that element only.
 * @param {FocusEvent} event
 */
export function keepKeys({ target }) {
  if (target instanceof Element) set(target, KEEPS_KEYS, "true");
}
