// Watches whether the picture is for the inputs shown and whether the kernel still runs.

/**
 * @import { Model } from "./upstream.js"
 * @typedef {"current" | "recomputing" | "lost"} State
 * @typedef {Record<string, any>} Inputs values of the controls by name
 * @typedef {Record<string, [Model, string]>} Controls each with the trait that is its value, by name
 */

const RECOMPUTING = 200; // ms that an input may wait for its picture before the page says "Recomputing…"
const ASK_AGAIN = 1000; // ms that an input may wait before the page asks the kernel for the picture once more
export const LOST = 3000; // ms that an input or the connection may wait before the page says that the connection is lost
const GONE = new Set(["dead", "terminating", "restarting", "autorestarting"]);

export class Watch {
  /** @type {{ print: string, at: number }[]} each set of inputs since the one shown, oldest first */
  #waiting = [];
  /** @type {number | null} since when the websocket is down */
  #cut = null;
  #dead = false;
  #limit = "";
  #unreachable = false;
  #failed = false;
  #asked = false;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #timer;

  /**
   * @param {object} parts
   * @param {Controls} parts.controls
   * @param {(state: State) => void} parts.tell is called with the state after each change, also when it is the same
   * @param {() => void} parts.ask asks the kernel for a picture that may have been lost
   * @param {boolean} [parts.saved] no kernel has the board: it was saved with a notebook
   */
  constructor({ controls, tell, ask, saved = false }) {
    this.controls = controls;
    this.tell = tell;
    this.ask = ask;
    this.saved = saved;
  }

  /**
   * To be called on each change of a control and on each picture. A picture for older inputs leaves the newer ones waiting.
   * @param {Inputs} inputs that the picture was computed for
   */
  compare(inputs) {
    const names = Object.keys(this.controls);
    const shown = JSON.stringify(names.map((name) => inputs[name]));
    const now = JSON.stringify(Object.values(this.controls).map(([model, trait]) => model.get(trait)));
    if (shown === now) this.#waiting = [];
    else {
      this.#waiting.splice(0, this.#waiting.findLastIndex(({ print }) => print === shown) + 1);
      if (this.#waiting.at(-1)?.print !== now) this.#waiting.push({ print: now, at: performance.now() });
    }
    this.judge();
  }

  /** @param {string} status of the kernel, in JupyterLab's words */
  kernel(status) {
    this.#dead ||= GONE.has(status);
    this.judge();
  }

  /** @param {string} status of the websocket, in JupyterLab's words */
  connection(status) {
    if (status === "connected") {
      if (this.#cut !== null) this.ask(); // what came meanwhile may be lost
      this.#cut = null;
    } else this.#cut ??= performance.now() - (status === "disconnected" ? LOST : 0);
    this.judge();
  }

  /**
   * @param {number} status of the server's answer about the kernel; 0 for none
   * @param {string} [limit] that ended the session
   */
  server(status, limit = "") {
    this.#limit ||= limit;
    this.#dead ||= status === 404;
    this.#unreachable = status !== 200;
    this.judge();
  }

  /** To be called when the kernel takes no message, because it has ended. */
  end() {
    this.#dead = true;
    this.judge();
  }

  /** To be called before a picture is drawn and compared. */
  begin() {
    this.#failed = false;
  }

  /** To be called when a figure of the picture could not be drawn. */
  fail() {
    this.#failed = true;
    this.judge();
  }

  /** Whether the kernel has ended. */
  get over() {
    return this.#dead;
  }

  /** The limit that ended the session; empty when none is known. */
  get limit() {
    return this.#limit;
  }

  /** Whether the inputs shown are other than those of the picture. */
  get behind() {
    return this.#waiting.length > 0;
  }

  /** Whether the last picture could not be drawn. */
  get failed() {
    return this.#failed;
  }

  judge() {
    clearTimeout(this.#timer);
    const now = performance.now();
    const lag = this.#waiting.length ? now - this.#waiting[0].at : 0;
    const cut = this.#cut === null ? 0 : now - this.#cut;
    if (lag < ASK_AGAIN) this.#asked = false;
    else if (!this.#asked && !this.#dead) {
      this.#asked = true;
      this.ask();
    }
    const lost = this.saved || this.#dead || this.#unreachable || this.#failed || Math.max(lag, cut) >= LOST;
    this.tell(lost ? "lost" : lag >= RECOMPUTING ? "recomputing" : "current");
    if (!this.#waiting.length && this.#cut === null) return;
    const left = [RECOMPUTING - lag, ASK_AGAIN - lag, LOST - lag, LOST - cut].filter((ms) => ms > 0);
    if (left.length) this.#timer = setTimeout(() => this.judge(), Math.min(...left) + 1);
  }

  stop() {
    clearTimeout(this.#timer);
  }
}
