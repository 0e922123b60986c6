// The connection to the kernel: whether it is open, and how it is opened again.

/**
 * @import { Entries } from "./entries.js"
 * @import { Kernel, Model } from "./upstream.js"
 * @import { Inputs, Watch } from "./watch.js"
 */

import { served } from "./dom.js";

const POLL = 2000; // ms between questions to the server whether the kernel still runs
const FIRST_WAIT = 4000; // ms until a connection that did not open is tried again; the wait doubles after each try
const LONGEST_WAIT = 20_000; // ms; the longest of these waits

export class Connection {
  #asked = 0; // how often the kernel was asked which inputs it has
  #changes = 0; // how often the state of the connection has changed
  #wait = FIRST_WAIT;
  #next = 0; // the earliest time of the next try
  /** @type {ReturnType<typeof setInterval> | undefined} */
  #polling;
  #last = false; // whether the server was asked after the session had ended

  /**
   * @param {object} parts
   * @param {Kernel | undefined} parts.kernel none in a page that was saved
   * @param {Model} parts.channel
   * @param {(message: object) => void} parts.send sends a message on the channel
   * @param {Watch} parts.watch
   * @param {Entries} parts.entries
   * @param {(inputs: Inputs, dropped: [string, unknown][], files: string[]) => void} parts.back called when the
   *   connection is back, with the inputs that the kernel has and what it has not taken
   */
  constructor({ kernel, channel, send, watch, entries, back }) {
    this.kernel = kernel;
    this.send = send;
    this.watch = watch;
    this.entries = entries;
    this.back = back;
    kernel?.statusChanged.connect(this.#onKernel);
    kernel?.connectionStatusChanged.connect(this.#onConnection);
    channel.on("msg:custom", (message) => message.type === "inputs" && this.#answered(message));
    if (served && kernel) this.#polling = setInterval(() => this.#poll(kernel), POLL);
  }

  stop() {
    this.kernel?.statusChanged.disconnect(this.#onKernel);
    this.kernel?.connectionStatusChanged.disconnect(this.#onConnection);
    clearInterval(this.#polling);
  }

  /** @type {(sender: unknown, status: string) => void} */
  #onKernel = (_, status) => this.watch.kernel(status);

  /** @type {(sender: unknown, status: string) => void} */
  #onConnection = (_, status) => {
    this.#changes += 1;
    if (status === "connected") this.#ask();
    else this.watch.connection(status);
  };

  // A connection counts as restored only when the kernel has answered which inputs it has.
  #ask() {
    this.entries.ask();
    this.#asked += 1;
    this.send({ type: "inputs", number: this.#asked });
  }

  /** @param {{ number: number, inputs: Inputs }} message */
  #answered({ number, inputs }) {
    if (number !== this.#asked) return;
    this.watch.connection("connected");
    const found = this.entries.settle(inputs);
    if (found) this.back(inputs, found.dropped, found.files);
    else this.#ask();
  }

  /**
   * Asks the server whether the kernel still runs. JupyterLab's signals come at once, but they miss a network that
   * drops packets and a session that the server has ended. This question does not count as use of the session; a
   * question to the kernel would. When the server answers while the connection is closed, here or at the server's end,
   * the page connects at once: JupyterLab waits up to 30 s.
   * @param {Kernel} kernel
   */
  async #poll(kernel) {
    const down = kernel.connectionStatus !== "connected";
    if ((document.hidden && !down) || this.#last) return;
    this.#last = this.watch.over; // once more, for the limit that ended it
    const before = this.#changes;
    const { status, connections, limit } = await askServer(`${kernel.serverSettings.baseUrl}api/kernels/${kernel.id}`);
    this.watch.server(status, limit);
    if (!down) this.#wait = FIRST_WAIT;
    if (status === 200 && this.#changes === before && (down || connections === 0)) this.#reconnect(kernel);
  }

  /** @param {Kernel} kernel */
  #reconnect(kernel) {
    if (performance.now() < this.#next) return;
    this.#next = performance.now() + this.#wait;
    this.#wait = Math.min(2 * this.#wait, LONGEST_WAIT);
    kernel.reconnect().catch(() => {}); // the next answer of the server starts another try
  }
}

/**
 * @param {string} address
 * @returns {Promise<{ status: number, connections: number, limit: string }>} status 0 when there is no answer; the open
 *   connections to the kernel; the limit that ended it, if the server knows one
 */
async function askServer(address) {
  try {
    const response = await fetch(address, { cache: "no-store", signal: AbortSignal.timeout(POLL) });
    const limit = response.headers.get("Netdash-Limit") ?? "";
    return { status: response.status, connections: response.ok ? (await response.json()).connections : 0, limit };
  } catch {
    return { status: 0, connections: 0, limit: "" };
  }
}
