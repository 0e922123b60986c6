// Notices above the picture, when something is wrong or done.

import { element, served, settings } from "./dom.js";

/** Nobody learns why: a kernel at its limit of memory ends as one that crashed. */
const ENDED = "The session has ended. It may have reached its limit of memory or of processor time.";
const NOTICE = 4000; // ms for which a notice is shown

/**
 * The notice of inputs that were not taken, with a button that enters them.
 * @param {{ enter: () => void, dismissed: () => void }} actions
 */
export function offer({ enter, dismissed }) {
  const what = element("p");
  const again = element("button", { type: "button" });
  const dismiss = element("button", { type: "button" }, "Dismiss");
  const node = element("div", { class: "netdash-dropped", role: "alert", hidden: "" }, what, again, dismiss);
  again.addEventListener("click", enter);
  dismiss.addEventListener("click", dismissed);
  /**
   * @param {string[]} words
   * @param {boolean} possible whether one of them can be entered
   */
  function show(words, possible) {
    const text = words.length ? `Not taken while the connection was lost: ${words.join("; ")}` : "";
    node.hidden = !text;
    if (what.textContent !== text) what.textContent = text; // a screen reader speaks an alert whose text changes
    again.hidden = !possible;
    again.textContent = words.length > 1 ? "Enter them" : "Enter it";
  }
  return { node, show };
}

/**
 * @typedef {object} Loss
 * @property {boolean} idle the session was ended because nobody used it
 * @property {boolean} over the session has ended
 * @property {string} limit that ended it, if it is known
 * @property {boolean} failed the picture could not be drawn
 * @property {boolean} saved the board was saved with a notebook, without a kernel
 * @property {boolean} behind the inputs shown are other than those of the picture
 * @property {string | undefined} at when the picture was computed
 * @property {string[]} entered since, in words
 */

/**
 * The notice that the picture is not for the inputs shown, with the reason.
 * @param {() => void} reload
 */
export function banner(reload) {
  const again = element("button", { type: "button" });
  const what = element("strong");
  const when = element("p");
  const node = element("div", { class: "netdash-lost", role: "alert", hidden: "" });
  const words = [element("p", {}, what), when, served ? again : element("p", {}, "Run the cell of this board again.")];
  again.addEventListener("click", reload);
  /** @param {Loss | null} loss */
  function show(loss) {
    node.hidden = !loss;
    if (loss) {
      what.textContent = reason(loss);
      when.textContent = details(loss);
      if (!settings.netdashCaseInAddress) again.textContent = "Open an empty board";
      else again.textContent = loss.idle ? "Reopen this case" : "Reload this case";
    }
    node.replaceChildren(...(loss ? words : [])); // a screen reader speaks an alert whose text changes
  }
  return { node, show };
}

/** @param {Loss} loss */
function reason({ idle, failed, saved, behind }) {
  if (saved) return "This board was saved with the notebook, and its kernel is gone: it follows no input";
  if (failed) return "This picture could not be drawn: what is shown may not be for the inputs shown";
  if (idle) return `This session was ended after ${settings.netdashIdleMinutes} minutes without use`;
  if (behind) return "Connection lost: this picture is not for the inputs shown";
  return "Connection lost: this picture follows no further input";
}

/** @param {Loss} loss */
function details({ idle, over, limit, saved, at, entered }) {
  const sentences = [];
  if (limit) sentences.push(`The session has ended: it reached its limit of ${limit}.`);
  else if (over && !idle && !saved) sentences.push(ENDED);
  if (at) sentences.push(`${idle ? "The picture" : "It"} was computed at ${at}.`);
  if (entered.length) sentences.push(`Entered since and not in this picture: ${entered.join("; ")}.`);
  if (served && !settings.netdashCaseInAddress) {
    sentences.push("This server keeps no case in addresses: note the inputs before you open another board.");
  }
  return sentences.join(" ");
}

/** A notice of something done; a screen reader speaks it. */
export function notices() {
  const node = element("p", { class: "netdash-notice", role: "status", hidden: "" });
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let timer;
  /** @param {string} text */
  function say(text) {
    node.textContent = text;
    node.hidden = !text;
    clearTimeout(timer);
    if (text) timer = setTimeout(say, NOTICE, "");
  }
  return { node, say };
}
