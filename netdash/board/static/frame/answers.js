// Answers given in place: the box of a question.

/** @type {WeakMap<HTMLFormElement, string>} the field that the box of a question was for when it was drawn last */
const asked = new WeakMap();

/**
 * Sends what was typed or chosen as the answer to a question.
 * @param {SubmitEvent} event
 * @param {(key: string) => void} select
 */
export function answer(event, select) {
  const form = event.target;
  if (!(form instanceof HTMLFormElement) || !form.dataset.answer) return;
  event.preventDefault();
  const value = String(new FormData(form).get("value") ?? "");
  form.reset(); // the kernel writes what it took, or what it refused
  select(`answer:${form.dataset.answer}=${value}`);
}

/**
 * Forgets what stands in the box of a question that has become another question.
 * @param {HTMLElement} section that was drawn
 */
export function renew(section) {
  for (const form of /** @type {NodeListOf<HTMLFormElement>} */ (section.querySelectorAll("form[data-answer]"))) {
    const field = form.dataset.answer ?? "";
    if (asked.get(form) !== field) form.reset();
    asked.set(form, field);
  }
}
