// The keys of a meeting, and how a notebook is kept from taking them.

import { set } from "./dom.js";
import { KEEPS_KEYS } from "./upstream.js";

/** @type {Record<string, string>} */
const ALWAYS = { p: "do:present", u: "do:undo" };
/** @type {Record<string, string>} */
const PRESENTING = { escape: "do:leave", arrowright: "do:next", arrowleft: "do:previous" };

/**
 * What a key asks for. What is typed into an input stays there; a slider takes arrows, but no letters.
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
  return ALWAYS[key] ?? (view === "present" ? PRESENTING[key] : undefined);
}

/**
 * JupyterLab and Notebook take arrow keys and Enter for their cells, also from a slider or a button inside one. They look
 * for this attribute from the element with the focus upward, and for some keys at that element alone.
 * @param {FocusEvent} event
 */
export function keepKeys({ target }) {
  if (target instanceof Element) set(target, KEEPS_KEYS, "true");
}
