// Sends the place of the pointer on a figure, one message at a time. Of the waiting places only the last is sent.

import { axesOf, PLOT_AREA, valueAt } from "./upstream.js";

/** @import { Plot } from "./upstream.js" */

const ANSWERED = 400; // ms after which a place on a map counts as answered although nothing changed

export class Pointer {
  /** @type {string | null} */
  #next = null;
  #sent = Number.NEGATIVE_INFINITY;

  /** @param {(key: string) => void} send */
  constructor(send) {
    this.send = send;
  }

  /**
   * Sends each place of a plot that is clicked or dragged to.
   * @param {Plot} plot
   * @param {DOMStringMap} fields the fields of the two axes, as `putX` and `putY`
   */
  watch(plot, { putX, putY }) {
    const place = (/** @type {PointerEvent} */ event) => {
      const { xaxis, yaxis } = axesOf(plot);
      const { left, top } = plot.getBoundingClientRect();
      const [x, y] = [valueAt(xaxis, event.clientX - left), valueAt(yaxis, event.clientY - top)];
      this.put(`put:${putX}=${x}&${putY}=${y}`);
    };
    plot.addEventListener("pointerdown", (event) => {
      if (event.button || !(event.target instanceof Element) || !event.target.closest(PLOT_AREA)) return;
      event.preventDefault();
      plot.setPointerCapture(event.pointerId);
      place(event);
    });
    plot.addEventListener("pointermove", (event) => plot.hasPointerCapture(event.pointerId) && place(event));
  }

  /**
   * Sends a key now, or after the answer to the previous key.
   * @param {string} key
   */
  put(key) {
    this.#next = key;
    this.#flush();
  }

  /** To be called for each picture, which is the answer to the last key. */
  drawn() {
    this.#sent = Number.NEGATIVE_INFINITY;
    this.#flush();
  }

  #flush() {
    if (this.#next === null) return;
    const wait = this.#sent + ANSWERED - performance.now();
    if (wait > 0) {
      setTimeout(() => this.#flush(), wait + 1); // a place that changes nothing gets no answer
      return;
    }
    this.#sent = performance.now();
    this.send(this.#next);
    this.#next = null;
  }
}
