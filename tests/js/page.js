// A document for the modules of the page's script, and a clock that moves only when it is told to.

import { JSDOM } from "jsdom";

/**
 * Gives the modules a page; to be called before they are imported.
 * @param {string} [body]
 */
export function openPage(body = "") {
  const { window } = new JSDOM(`<!DOCTYPE html><body>${body}</body>`, { url: "https://board.example/" });
  const names = ["window", "document", "Node", "Element", "HTMLElement", "Text", "NodeFilter", "location", "history"];
  for (const name of names) Object.defineProperty(globalThis, name, { value: window[name], configurable: true });
  return window;
}

/** Replaces the clock: `pass(ms)` runs what is due within that time, in order. */
export function stopClock() {
  let now = 0;
  let last = 0;
  const timers = new Map();
  globalThis.performance.now = () => now;
  globalThis.setTimeout = (run, ms = 0, ...values) => {
    last += 1;
    timers.set(last, { at: now + ms, run: () => run(...values) });
    return last;
  };
  globalThis.clearTimeout = (id) => timers.delete(id);
  return function pass(ms) {
    const end = now + ms;
    for (;;) {
      const due = [...timers].filter(([, { at }]) => at <= end).sort(([, one], [, other]) => one.at - other.at)[0];
      if (!due) break;
      const [id, { at, run }] = due;
      timers.delete(id);
      now = at;
      run();
    }
    now = end;
  };
}

/** A widget model as ipywidgets has it, as far as the page uses it: it keeps what was sent. */
export class Model {
  _state_lock = null;
  _pending_msgs = 0;
  _msg_buffer = null;
  _expectedEchoMsgIds = new Map();
  sent = [];
  #listeners = {};

  constructor(state = {}) {
    this.state = { ...state };
  }

  get(name) {
    return this.state[name];
  }

  set(name, value) {
    this.state[name] = value;
    this.trigger(`change:${name}`);
  }

  /** What the kernel sends. */
  set_state(state) {
    this._state_lock = state;
    for (const [name, value] of Object.entries(state)) this.set(name, value);
    this._state_lock = null;
  }

  save_changes() {
    this.sent.push({ ...this.state });
  }

  send_sync_message(state) {
    this.sent.push(state);
  }

  send(message) {
    this.sent.push(message);
  }

  on(event, callback) {
    this.#listeners[event] ??= [];
    this.#listeners[event].push(callback);
  }

  trigger(event, ...details) {
    for (const listener of this.#listeners[event] ?? []) listener(...details);
  }
}
