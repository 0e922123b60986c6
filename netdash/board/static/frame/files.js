// Files that the page saves, and files that it opens.

import { element } from "./dom.js";

/** @import { Model } from "./upstream.js" */

const LARGEST_FILE = 5_000_000; // bytes; the kernel takes less and says how much, and the server closes a connection at 6 MB

/**
 * Saves a file of the kernel. Of several views of a widget, the one on which a button was pressed saves it.
 * @param {(text: string) => void} say
 */
export function saving(say) {
  let pressed = false;
  return {
    press() {
      pressed = true;
    },
    /**
     * @param {{ name: string, mime: string }} file
     * @param {BlobPart[]} buffers
     */
    save({ name, mime }, buffers) {
      if (!pressed) return;
      pressed = false;
      const href = URL.createObjectURL(new Blob(buffers, { type: mime }));
      element("a", { href, download: name }).click();
      setTimeout(() => URL.revokeObjectURL(href), 60_000);
      say(`Saved as ${name}.`);
    },
  };
}

/**
 * Refuses a file that is too large to be sent.
 * @param {Model} button that opens it
 * @param {(text: string) => void} say
 */
export function refuseLarge(button, say) {
  button.on("change:value", () => {
    const [file] = button.get("value");
    if (!file || file.size <= LARGEST_FILE) return;
    button.set("value", []);
    const [size, most] = [file.size, LARGEST_FILE].map((bytes) => bytes.toLocaleString("en"));
    say(`${file.name} was not opened: it has ${size} bytes, expected a table of at most ${most}.`);
  });
}
