// Draws each computation of the kernel as a whole, and tells when it is not for the inputs shown.
// Python's side is frame.py: `content` is one message.

import { Address, copyLink } from "./address.js";
import { Connection } from "./connection.js";
import { element, served, set, settings } from "./dom.js";
import { refuseLarge, saving } from "./files.js";
import { Handles } from "./handles.js";
import { commandOf, keepKeys } from "./keys.js";
import { discard } from "./morph.js";
import { nameControls } from "./names.js";
import { inWords, NotTaken } from "./not_taken.js";
import { banner, notices } from "./notices.js";
import { afterPaint, Picture } from "./picture.js";
import { isLoaded } from "./plotly.js";
import { oncePerFrame } from "./queue.js";
import { keepStops, roam } from "./stops.js";
import { Watch } from "./watch.js";

/**
 * @import { Entries } from "./entries.js"
 * @import { Kernel, Model } from "./upstream.js"
 * @import { Controls, Inputs, State } from "./watch.js"
 * @typedef {object} Content one computation, as `Frame.show` in frame.py describes it
 * @property {number} revision
 * @property {boolean} answered whether it is for the case in the address
 * @property {Inputs} inputs
 * @property {Record<string, string>} sections
 * @property {Record<string, string>} figures
 * @property {Record<string, string>} labels
 * @property {Record<string, string | string[]>} valuetexts
 * @property {string} announce
 * @property {string} query
 * @property {string} computed_at
 * @property {string} view
 *
 * @typedef {object} Parts
 * @property {HTMLElement} el of the widget
 * @property {Model} channel
 * @property {Controls} controls
 * @property {Entries} entries
 * @property {Model[]} files the buttons that open a file
 * @property {Kernel | undefined} kernel
 * @property {boolean} saved no kernel has the board: it was saved with a notebook
 * @property {AbortSignal} signal the widget is taken off the page
 */

/**
 * Whether a change of the page is one in a section. The board has dealt with what it draws.
 * @param {MutationRecord} change
 */
const isDrawn = ({ target }) => target instanceof Element && target.closest(".netdash-section") !== null;

const ANSWER = 3000; // ms to wait for the kernel's answer to the address before drawing anyway

export class View {
  /** @type {Content | null} the content that is drawn */
  shown = null;
  /** @type {HTMLElement | null} the board's, known once the widget is attached */
  root = null;
  /** @type {Picture | null} */
  picture = null;
  logout = document.getElementById("netdash-logout"); // a link of the served page, when a token is asked for
  used = Date.now(); // when the kernel last sent a picture
  limit = ""; // that ended the session, as the banner says it
  patience = served && location.hash.length > 1; // the picture before the address was applied is not drawn
  recomputing = element("p", { class: "netdash-recomputing", hidden: "" }, "Recomputing…");
  live = element("p", { class: "netdash-live", "aria-live": "polite" });
  body = element("div", { class: "netdash-sections" });
  handles = new Handles();
  notice = notices();
  saving = saving(this.notice.say);
  #isShown = false; // whether a picture has been on the screen
  /** @type {() => void} */
  #showing = () => {};
  /** Is kept once the text of a picture has been on the screen. @type {Promise<void>} */
  shows = new Promise((resolve) => {
    this.#showing = resolve;
  });

  /** @param {Parts} parts */
  constructor({ el, channel, controls, entries, files, kernel, saved, signal }) {
    this.el = el;
    this.channel = channel;
    this.controls = controls;
    this.entries = entries;
    this.signal = signal;
    this.address = new Address(
      () => this.shown && { query: this.shown.query, carried: [...this.notTaken.list, ...this.missing()] },
    );
    this.lost = banner(() => this.#reload());
    const words = (/** @type {string} */ name, /** @type {unknown} */ value) => this.words(name, value);
    this.notTaken = new NotTaken({ controls, entries, words, changed: () => this.address.settle() });
    this.watch = new Watch({ controls, ask: () => this.#sync(), tell: (state) => this.#tell(state), saved });
    const back = this.notTaken.add.bind(this.notTaken);
    const send = (/** @type {object} */ message) => this.#send(message);
    this.connection = new Connection({ kernel, channel, send, watch: this.watch, entries, back });
    this.queue = oncePerFrame(
      () => this.#draw(),
      () => el.isConnected,
    );
    this.stops = oncePerFrame(
      () => this.root && this.#isShown && keepStops(this.root),
      () => el.isConnected,
    );
    this.shows.then(() => {
      this.#isShown = true; // the first verdicts do not wait for the order of the Tab key
      this.stops.soon();
    });
    this.frame = this.#frame();
    for (const button of files) refuseLarge(button, this.notice.say);
  }

  #frame() {
    const parts = [this.lost.node, this.notTaken.offer.node, this.recomputing, this.notice.node, this.live, this.body];
    const frame = element("div", { class: "netdash-frame" }, ...parts);
    this.el.append(frame);
    return frame;
  }

  /** Begins to follow the kernel, the controls and the keys. */
  start() {
    this.channel.on("change:content", this.queue.soon);
    this.channel.on(
      "msg:custom",
      (message, buffers) => message.type === "download" && this.saving.save(message, buffers),
    );
    for (const [name, [control, trait]] of Object.entries(this.controls)) {
      control.on(`change:${trait}`, () => this.#changed(name));
    }
    if (served) document.addEventListener("keydown", (event) => this.#key(event), { signal: this.signal });
    const observer = new MutationObserver((changes) => !changes.every(isDrawn) && this.#tidy());
    observer.observe(document.body, { childList: true, subtree: true });
    this.signal.addEventListener("abort", () => {
      observer.disconnect();
      this.#stop();
    });
    this.#sync();
    // Sent last, because the answer is another picture.
    if (served) this.#send({ type: "address", query: location.hash.slice(1) });
    setTimeout(() => this.#drawAnyway(), ANSWER);
    setTimeout(() => this.picture?.sayInWords(), ANSWER);
    this.queue.soon();
  }

  #stop() {
    this.connection.stop();
    this.queue.stop();
    this.stops.stop();
    this.address.stop();
    this.watch.stop();
    discard(this.frame);
  }

  /** Asks the kernel for the picture unless it is the one that the page has. */
  #sync() {
    this.#send({ type: "sync", revision: this.channel.get("content").revision ?? 0 });
  }

  #draw() {
    /** @type {Content} */
    const content = this.channel.get("content");
    if (!content.revision || content === this.shown || (this.patience && !content.answered)) return;
    const left = this.notTaken.left(content.inputs, this.shown?.inputs);
    const [root, picture] = this.#place();
    this.shown = content;
    this.used = Date.now();
    set(root, "data-view", content.view);
    this.watch.begin();
    picture.draw(content, () => this.#painted(content));
    afterPaint(this.#showing);
    if (!isLoaded()) this.watch.compare(content.inputs); // no plot can be of another case
    nameControls(root, content);
    afterPaint(this.stops.soon); // the picture does not wait for the order of the Tab key
    if (this.live.textContent !== content.announce) this.live.textContent = content.announce;
    this.entries.forget();
    this.notTaken.set(left);
    document.getElementById("netdash-starting")?.remove();
    this.#placeLogout(root);
  }

  /**
   * Says that the picture is complete.
   * @param {Content} content
   */
  #painted(content) {
    this.frame.dataset.revision = String(content.revision);
    this.watch.compare(content.inputs);
  }

  /**
   * Puts the link at the end of the foot line, because each new foot line removes it.
   * @param {HTMLElement} root
   */
  #placeLogout(root) {
    const foot = root.querySelector("[data-section=foot]");
    if (this.logout && foot && this.logout.parentNode !== foot) foot.append(this.logout);
  }

  #drawAnyway() {
    this.patience = false;
    this.queue.soon();
  }

  /**
   * Finds the board that the frame is part of, when the first picture is drawn.
   * @returns {[HTMLElement, Picture]}
   */
  #place() {
    if (this.root && this.picture) return [this.root, this.picture];
    const root = /** @type {HTMLElement} */ (this.el.closest(".netdash-board") ?? document.body);
    if (!served) root.addEventListener("focusin", keepKeys, { signal: this.signal });
    root.addEventListener("focusin", (event) => this.#focused(root, event), { signal: this.signal });
    root.addEventListener("keydown", roam, { signal: this.signal });
    // The buttons of ipywidgets (Reset, Load cases…) send by themselves; what was entered before them goes first.
    root.addEventListener("click", () => this.entries.sendWaiting(), { capture: true, signal: this.signal });
    const failed = (/** @type {unknown} */ error) => {
      console.error(error);
      this.watch.fail();
    };
    const picture = new Picture(root, this.body, {
      select: (key) => this.select(key),
      copy: () => this.#copy(),
      say: this.notice.say,
      failed,
    });
    this.root = root;
    this.picture = picture;
    return [root, picture];
  }

  /**
   * @param {HTMLElement} root
   * @param {FocusEvent} event
   */
  #focused(root, event) {
    this.handles.note(event);
    keepStops(root);
  }

  #tidy() {
    if (!this.root || !this.picture || !this.shown) return;
    this.picture.place();
    nameControls(this.root, this.shown);
    afterPaint(this.stops.soon);
    this.handles.keep();
  }

  /** @param {string} name of a control whose value changed */
  #changed(name) {
    const here = this.entries.note(name);
    if (!this.shown) return;
    if (here) this.notTaken.forget(name);
    this.watch.compare(this.shown.inputs);
    if (!this.#isLost) return;
    this.#warn();
    this.address.settle();
  }

  get #isLost() {
    return this.root?.dataset.netdashState === "lost";
  }

  /** @param {State} state */
  #tell(state) {
    if (!this.root || (this.root.dataset.netdashState === state && this.limit === this.watch.limit)) return;
    this.root.dataset.netdashState = state;
    this.limit = this.watch.limit;
    this.recomputing.hidden = state !== "recomputing";
    this.#warn();
    this.address.settle();
  }

  #warn() {
    const unused = Date.now() - this.used >= 0.9 * 60_000 * (settings.netdashIdleMinutes ?? Number.POSITIVE_INFINITY);
    const loss = {
      idle: this.watch.over && unused && !this.watch.limit,
      over: this.watch.over,
      limit: this.watch.limit,
      saved: this.watch.saved,
      behind: this.watch.behind,
      failed: this.watch.failed,
      at: this.shown?.computed_at,
      entered: this.missing().map(({ words }) => words),
    };
    this.root?.toggleAttribute("data-netdash-saved", loss.saved && !loss.behind);
    this.lost.show(this.#isLost ? loss : null);
  }

  /** What was entered while the connection was lost and is not in the picture. */
  missing() {
    const open = this.#isLost && this.shown ? this.entries.beside(this.shown.inputs) : [];
    return open.map(([name, value]) => ({ name, value, words: this.words(name, value) }));
  }

  /**
   * @param {string} name of a control
   * @param {unknown} value
   */
  words(name, value) {
    return inWords(this.controls[name], value, this.shown?.labels[name]);
  }

  /** @param {string} key */
  select(key) {
    this.saving.press();
    // Pressed, the button keeps the focus, and would take the Enter that opens the findings.
    if (key === "do:present" && document.activeElement instanceof HTMLElement) document.activeElement.blur();
    this.#choose(key);
  }

  /**
   * Sends a choice, after what was entered before it.
   * @param {string} key
   */
  #choose(key) {
    this.entries.sendWaiting();
    this.#send({ type: "select", key });
  }

  /**
   * Sends a message to the kernel. JupyterLab refuses it when the kernel has ended, also before it tells that.
   * @param {object} message
   */
  #send(message) {
    try {
      this.channel.send(message);
    } catch (error) {
      console.warn(error);
      this.watch.end();
    }
  }

  async #copy() {
    this.notice.say(await copyLink(this.shown?.query ?? ""));
  }

  #reload() {
    this.address.write();
    location.reload();
  }

  /** @param {KeyboardEvent} event */
  #key(event) {
    if (event.key === "Escape" && !event.defaultPrevented && this.picture?.closeCard()) return;
    const key = this.root ? commandOf(event, this.shown?.view) : undefined;
    if (key) this.#choose(key);
  }
}
