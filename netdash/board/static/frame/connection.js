// The line to the kernel: whether it is up, and how it comes up again.

/**
 * @import { Entries } from "./entries.js"
 * @import { Kernel, Model } from "./upstream.js"
 * @import { Inputs, Watch } from "./watch.js"
 */

import { served } from "./dom.js";

const POLL = 2000; // ms between questions to the server whether the kernel still runs
const FIRST_WAIT = 4000; // ms until a line that did not come up is asked for again, twice as long after each time
const LONGEST_WAIT = 20_000; // ms that this never exceeds

export class Connection {
  #asked = 0; // how often the kernel was asked which inputs it has
  #changes = 0; // of the state of the line so far
  #wait = FIRST_WAIT;
  #next = 0; // when the line may be asked for again
  /** @type {ReturnType<typeof setInterval> | undefined} */
  #polling;

  /**
   * @param {object} parts
   * @param {Kernel | undefined} parts.kernel none in a page that was saved
   * @param {Model} parts.line
   * @param {Watch} parts.watch
   * @param {Entries} parts.entries
   * @param {(inputs: Inputs, dropped: [string, unknown][], files: string[]) => void} parts.back the line is as good as
   *   before; is told which inputs the kernel has, and what it has not taken
   */
  constructor({ kernel, line, watch, entries, back }) {
    this.kernel = kernel;
    this.line = line;
    this.watch = watch;
    this.entries = entries;
    this.back = back;
    kernel?.statusChanged.connect(this.#onKernel);
    kernel?.connectionStatusChanged.connect(this.#onConnection);
    line.on("msg:custom", (message) => message.type === "inputs" && this.#answered(message));
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

  // A line that came up again is as good as before once the kernel has said which inputs it has.
  #ask() {
    this.entries.ask();
    this.#asked += 1;
    this.line.send({ type: "inputs", number: this.#asked });
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
   * Asks the server whether the kernel still runs. The signals of JupyterLab come at once, but know nothing of a network
   * that swallows packets, nor of a session that the server has ended. Unlike a question to the kernel this one does not
   * count as use of the session. When the server answers while the line is down, here or at the server's end, the line
   * is asked for at once: JupyterLab waits up to 30 s.
   * @param {Kernel} kernel
   */
  async #poll(kernel) {
    const down = kernel.connectionStatus !== "connected";
    if ((document.hidden && !down) || this.watch.over) return;
    const before = this.#changes;
    const { status, lines } = await askServer(`${kernel.serverSettings.baseUrl}api/kernels/${kernel.id}`);
    this.watch.server(status);
    if (!down) this.#wait = FIRST_WAIT;
    if (status === 200 && this.#changes === before && (down || lines === 0)) this.#reconnect(kernel);
  }

  /** @param {Kernel} kernel */
  #reconnect(kernel) {
    if (performance.now() < this.#next) return;
    this.#next = performance.now() + this.#wait;
    this.#wait = Math.min(2 * this.#wait, LONGEST_WAIT);
    kernel.reconnect().catch(() => {}); // the next answer of the server asks for the line again
  }
}

/**
 * @param {string} address
 * @returns {Promise<{ status: number, lines: number }>} status 0 when there is no answer, and the lines to the kernel
 */
async function askServer(address) {
  try {
    const response = await fetch(address, { cache: "no-store", signal: AbortSignal.timeout(POLL) });
    return { status: response.status, lines: response.ok ? (await response.json()).connections : 0 };
  } catch {
    return { status: 0, lines: 0 };
  }
}
