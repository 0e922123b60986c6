// Keeps the focus on a slider that becomes another one: of two handles that meet ipywidgets makes one.

import { SLIDER_HANDLE } from "./upstream.js";

export class Handles {
  /** @type {Element | null} the handle that has the focus */
  #handle = null;
  /** @type {Element | null} the input that it is part of */
  #input = null;

  /** @param {FocusEvent} event that is heard at the root of the board */
  note({ target }) {
    this.#handle = target instanceof Element && target.matches(SLIDER_HANDLE) ? target : null;
    this.#input = this.#handle?.closest(".nd-input") ?? null;
  }

  /** Gives the focus to the new handle when the old one has left the page with it. */
  keep() {
    if (!this.#handle || this.#handle.isConnected) return;
    const fresh = this.#input?.querySelector(SLIDER_HANDLE);
    if (fresh instanceof HTMLElement && document.activeElement === document.body) fresh.focus({ preventScroll: true });
  }
}
