// The case is in the fragment of the address, which a browser sends to nobody. The history entry holds the inputs that
// were not taken, so that they survive a reload.

import { same, served, settings } from "./dom.js";

/** @import { NotEntered } from "./not_taken.js" */

const SETTLED = 300; // ms without a change before the address follows: browsers refuse more than about 100 changes in 30 s

export class Address {
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #timer;
  #known = location.hash; // as it was found or written; another one is a link that was just opened in this tab

  /** @param {() => { query: string, carried: NotEntered[] } | null} read what the address is to hold, once there is a picture */
  constructor(read) {
    this.read = read;
  }

  /** Writes the address when nothing has changed for a while. */
  settle() {
    this.stop();
    this.#timer = setTimeout(() => this.write(), SETTLED);
  }

  write() {
    const found = served ? this.read() : null;
    if (!found || location.hash !== this.#known) return;
    const { query, carried } = settings.netdashCaseInAddress ? found : { query: "", carried: [] };
    const hash = query ? `#${query}` : "";
    const state = carried.length ? { netdashDropped: carried } : null;
    if (!location.search && location.hash === hash && same(history.state, state)) return;
    history.replaceState(state, "", location.pathname + hash);
    this.#known = location.hash;
  }

  stop() {
    clearTimeout(this.#timer);
  }
}

/**
 * Copies the link to a case.
 * @param {string} query the case
 * @returns {Promise<string>} what was done, in words
 */
export async function copyLink(query) {
  if (!served) return "A notebook has no address for a case; Show the Python gives the lines that open it.";
  if (!settings.netdashCaseInAddress) return "This server keeps no case in addresses.";
  const link = location.origin + location.pathname + (query ? `#${query}` : "");
  const copied = await navigator.clipboard?.writeText(link).then(
    () => true,
    () => false,
  ); // browsers give the clipboard only to pages over HTTPS or from this machine
  return copied ? "The link to this case was copied." : `The link to this case: ${link}`;
}
