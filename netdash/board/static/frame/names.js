// Names for a screen reader, on elements that ipywidgets makes without names and may replace at any time.

import { set } from "./dom.js";
import { SLIDER_HANDLE, UPLOAD_BUTTON } from "./upstream.js";

let notes = 0; // number of messages beside boxes; each needs an id of its own

/**
 * @param {HTMLElement} root
 * @param {{ labels: Record<string, string>, valuetexts: Record<string, string | string[]> }} content by name of the control
 */
export function nameControls(root, { labels, valuetexts }) {
  for (const [control, label] of Object.entries(labels)) {
    nameHandles(root, control, "aria-label", [`${label}, lowest`, `${label}, highest`], label);
  }
  for (const [control, said] of Object.entries(valuetexts)) {
    nameHandles(root, control, "aria-valuetext", [said].flat(), [said].flat()[0]);
  }
  for (const typed of root.querySelectorAll(".nd-typed"))
    tieNote(typed.querySelector("input"), typed.querySelector(".nd-refused"));
  for (const button of /** @type {NodeListOf<HTMLElement>} */ (root.querySelectorAll(".nd-clear")))
    set(button, "aria-label", button.title);
  for (const list of root.querySelectorAll(".nd-or select"))
    set(list, "aria-label", /** @type {HTMLElement} */ (list).title);
  // The buttons hand a file on at once. "(0)" after their names would mean that nothing was opened.
  for (const { childNodes } of root.querySelectorAll(UPLOAD_BUTTON)) {
    for (const text of childNodes) if (text instanceof Text) text.data = text.data.replace(/ \(\d+\)$/, "");
  }
}

/**
 * @param {HTMLElement} root
 * @param {string} control
 * @param {string} attribute
 * @param {string[]} ends the texts of two handles
 * @param {string} text of a single handle
 */
function nameHandles(root, control, attribute, ends, text) {
  const handles = root.querySelectorAll(`.netdash-control-${CSS.escape(control)} ${SLIDER_HANDLE}`);
  for (const [i, handle] of handles.entries()) set(handle, attribute, handles.length > 1 ? (ends[i] ?? text) : text);
}

/**
 * Tells a screen reader that the text of a box was refused, and why.
 * @param {HTMLElement | null} box
 * @param {HTMLElement | null} note that says why
 */
function tieNote(box, note) {
  if (note && !note.id) {
    notes += 1;
    note.id = `netdash-note-${notes}`;
    note.scrollIntoView({ block: "nearest" });
  }
  if (box && note) {
    set(box, "aria-invalid", "true");
    set(box, "aria-describedby", note.id);
  } else {
    box?.removeAttribute("aria-invalid");
    box?.removeAttribute("aria-describedby");
  }
}
