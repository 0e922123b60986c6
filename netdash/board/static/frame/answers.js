// Answers given in place: the box of a question, and rows of buttons of which one is reached with Tab.

import { set } from "./dom.js";

/** @type {WeakMap<HTMLFormElement, string>} the field that the box of a question was for when it was drawn last */
const asked = new WeakMap();
const ARROWS = new Map([
  ["ArrowRight", 1],
  ["ArrowDown", 1],
  ["ArrowLeft", -1],
  ["ArrowUp", -1],
]);

/**
 * Sends what was typed or chosen as the answer to a question.
 * @param {SubmitEvent} event
 * @param {(key: string) => void} select
 */
export function answer(event, select) {
  const form = event.target;
  if (!(form instanceof HTMLFormElement) || !form.dataset.answer) return;
  event.preventDefault();
  const value = String(new FormData(form).get("value") ?? "");
  form.reset(); // the kernel writes what it took, or what it refused
  select(`answer:${form.dataset.answer}=${value}`);
}

/**
 * Forgets what stands in the box of a question that has become another question.
 * @param {HTMLElement} section that was drawn
 */
export function renew(section) {
  for (const form of /** @type {NodeListOf<HTMLFormElement>} */ (section.querySelectorAll("form[data-answer]"))) {
    const field = form.dataset.answer ?? "";
    if (asked.get(form) !== field) form.reset();
    asked.set(form, field);
  }
}

/**
 * Moves the focus along a row of buttons.
 * @param {KeyboardEvent} event
 */
export function roam(event) {
  const step = ARROWS.get(event.key);
  if (!step || !(event.target instanceof Element)) return;
  const row = event.target.closest("[data-roving]");
  /** @type {Element[]} */
  const buttons = [...(row?.querySelectorAll("button") ?? [])];
  const at = buttons.indexOf(event.target);
  if (at < 0) return;
  event.preventDefault();
  const next = buttons[(at + step + buttons.length) % buttons.length];
  for (const button of buttons) set(button, "tabindex", button === next ? "0" : "-1");
  if (next instanceof HTMLElement) next.focus();
}
