// Where the Tab key stops: a row of buttons and a group of inputs are one stop each. Arrow keys lead on from there.

import { set } from "./dom.js";

const ARROWS = new Map([
  ["ArrowRight", 1],
  ["ArrowDown", 1],
  ["ArrowLeft", -1],
  ["ArrowUp", -1],
]);
const FIELDS = "input, select";
const CHOSEN = "[aria-current], [aria-pressed=true]";
/** What ipywidgets does not say of the row of buttons that open files. */
const FILES = Object.entries({ role: "toolbar", "aria-label": "Load and reset", "data-roving": "" });

/**
 * Moves the focus along a row of buttons, or from the head of a group to its first input.
 * @param {KeyboardEvent} event
 */
export function roam(event) {
  const step = ARROWS.get(event.key);
  if (!step || !(event.target instanceof Element)) return;
  const next = firstOf(event) ?? nextOf(event.target, step);
  if (!next) return;
  event.preventDefault();
  next.focus();
}

/**
 * The first input in sight of the group whose head has the focus.
 * @param {KeyboardEvent} event
 */
function firstOf({ key, target }) {
  if (key !== "ArrowDown" || !(target instanceof Element) || !target.matches(".nd-unfold")) return undefined;
  const fields = /** @type {NodeListOf<HTMLElement> | undefined} */ (groupOf(target)?.querySelectorAll(FIELDS));
  return [...(fields ?? [])].find((field) => field.checkVisibility());
}

/**
 * The next button of a row.
 * @param {Element} button
 * @param {number} step
 */
function nextOf(button, step) {
  const row = button.closest("[data-roving]");
  const buttons = row ? buttonsOf(row) : [];
  const at = buttons.indexOf(/** @type {HTMLElement} */ (button));
  return at < 0 ? undefined : buttons[(at + step + buttons.length) % buttons.length];
}

/**
 * Keeps the Tab key out of each group that has not the focus, unless a search has found its inputs, and off the buttons
 * that clear a box: who types empties the box. To be called when the focus or the page has changed.
 * @param {HTMLElement} root
 */
export function keepStops(root) {
  const search = /** @type {HTMLInputElement | null} */ (root.querySelector(".nd-search input"));
  for (const head of root.querySelectorAll(".nd-unfold")) {
    const group = groupOf(head);
    if (!group) continue;
    set(group, "role", "group");
    set(group, "aria-label", head.firstChild?.textContent?.trim() ?? "");
    const inside = search?.value.trim() || group.contains(document.activeElement);
    for (const field of group.querySelectorAll(FIELDS)) set(field, "tabindex", inside ? "0" : "-1");
  }
  for (const button of root.querySelectorAll(".nd-clear")) set(button, "tabindex", "-1");
  const files = root.querySelector(".nd-files");
  if (files) for (const [name, value] of FILES) set(files, name, value);
  for (const row of root.querySelectorAll("[data-roving]")) keepOne(buttonsOf(row));
}

/**
 * Leaves one button of a row to the Tab key: the one with the focus, else the one left before, else the chosen one.
 * @param {HTMLElement[]} buttons
 */
function keepOne(buttons) {
  const focused = buttons.find((button) => button === document.activeElement);
  const [left, ...more] = buttons.filter((button) => button.tabIndex === 0);
  const one =
    focused ?? (left && !more.length ? left : (buttons.find((button) => button.matches(CHOSEN)) ?? buttons[0]));
  for (const button of buttons) set(button, "tabindex", button === one ? "0" : "-1");
}

/**
 * The buttons of a row that are in sight.
 * @param {Element} row
 * @returns {HTMLElement[]}
 */
const buttonsOf = (row) => [...row.querySelectorAll("button")].filter((button) => button.checkVisibility());

/**
 * The box with the inputs of a group: it stands after the head.
 * @param {Element} head
 */
const groupOf = (head) => head.closest("[class*='netdash-slot-group']")?.nextElementSibling;
