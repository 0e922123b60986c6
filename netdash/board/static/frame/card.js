// The card with the source of a number: it opens over the page, takes the focus, and gives it back.

/** What had the focus before the card opened. @type {HTMLElement | null} */
let opener = null;

/**
 * Opens a card that has come, and gives the focus back for one that has gone.
 * @param {HTMLElement} root of the board
 * @param {Element | null} focused what had the focus before the page changed
 */
export function showCard(root, focused) {
  const card = cardOf(root);
  if (!card) {
    if (opener?.isConnected) opener.focus({ preventScroll: true });
    opener = null;
    return;
  }
  if (card.matches(":popover-open")) return;
  opener = focused instanceof HTMLElement ? focused : null;
  card.showPopover();
  card.querySelector("button")?.focus({ preventScroll: true });
}

/**
 * The card on the page.
 * @param {HTMLElement} root of the board
 * @returns {HTMLElement | null}
 */
export const cardOf = (root) => root.querySelector("[data-card]");
