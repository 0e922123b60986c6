// Draws what the kernel computed, all of one computation at once, and says when it is not for the inputs shown.
// Python's side is frame.py: `content` is one message of {revision, inputs, sections, figures, labels, ...}.

const RECOMPUTING = 200; // ms for which an input may wait for its picture before the page says so,
const ASK_AGAIN = 1000; // before it asks the kernel for a picture that may have been lost,
const LOST = 3000; // and before it takes the kernel for lost
const POLL = 2000; // ms between questions to the server whether the kernel still runs
const ANSWER = 3000; // ms to wait for the kernel's answer to the address before drawing anyway
const ANSWERED = 400; // ms after which a place on a map is taken for answered although nothing changed
const SAID = 4000; // ms for which a notice stays
const LARGEST = 5_000_000; // bytes of a file that is sent to the kernel, which takes less and says how much; the server cuts a line at 6 MB
const AGAIN = 4000; // ms until a line that did not come up is asked for again, twice as long after each time,
const AGAIN_MOST = 20_000; // and never longer than this
const SETTLED = 300; // ms without a change before the address follows: browsers refuse more than about 100 changes in 30 s

// The camera makes an SVG, the button beside it a PNG, both in the browser; their names say what and when.
const configs = {}; // each is made once: given another one, Plotly.react begins anew
function config(layout) {
  const words = (layout.title?.text ?? "figure").toLowerCase().replace(/<[^>]*>/g, " ").replace(/[^a-z0-9]+/g, "-");
  const filename = `netdash-${words}-${new Date().toISOString().slice(0, 10)}`;
  return (configs[filename] ??= {
    responsive: true,
    displaylogo: false,
    showSendToCloud: false, // "Share chart" would upload the picture to a server of Plotly's
    toImageButtonOptions: { format: "svg", filename },
    modeBarButtonsToAdd: [
      {
        name: "png",
        title: "Download plot as a PNG",
        icon: window.Plotly.Icons.camera,
        click: (plot) => window.Plotly.downloadImage(plot, { format: "png", filename, scale: 2, width: plot.offsetWidth, height: plot.offsetHeight }),
      },
    ],
  });
}

// Plotly.react draws all anew for a list that is not the very one it has: what says the same stays the same.
function kept(fresh, old) {
  if (Object(fresh) !== fresh || Object(old) !== old) return fresh;
  if (JSON.stringify(fresh) === JSON.stringify(old)) return old;
  for (const key of Object.keys(fresh)) fresh[key] = kept(fresh[key], old[key]);
  return fresh;
}

// Makes room for the names beside the rows. Plotly's own way (automargin) draws everything, looks, and draws it again.
const pen = document.createElement("canvas").getContext("2d");
function fit(layout, width) {
  const { size, family } = layout.font;
  for (const [name, side] of [["yaxis", "l"], ["yaxis2", "r"]]) {
    const axis = layout[name];
    if (!axis?.automargin || !axis.ticktext) continue;
    axis.automargin = false;
    axis.ticklabeloverflow = "allow"; // they fit: to have each of them measured again is slow
    const widths = axis.ticktext.flatMap((text) => text.split("<br>")).map((line) => {
      pen.font = `${line.includes("<b>") ? "bold " : ""}${size}px ${family}`;
      return pen.measureText(line.replace(/<[^>]*>/g, "")).width;
    });
    layout.margin[side] = Math.min(Math.max(...widths) + size, width / 2);
  }
}

const GONE = new Set(["dead", "terminating", "restarting", "autorestarting"]);
const served = document.body.dataset.netdash === "page"; // netdash's own page; else JupyterLab or Notebook
const settings = served ? JSON.parse(document.getElementById("jupyter-config-data").textContent) : {};

let notes = 0; // messages beside boxes so far: each needs an id of its own

const set = (node, name, value) => node.getAttribute(name) !== value && node.setAttribute(name, value);

function element(tag, attributes, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) node.setAttribute(name, value);
  node.append(...children);
  return node;
}

// plotly.js, once per page: the served page has it; elsewhere the first frame asks its kernel, and the others share it.
function library(line) {
  if (window.Plotly) return window.Plotly;
  return (window.netdashPlotly ??= new Promise((resolve, reject) => {
    line.on("msg:custom", (message, buffers) => {
      if (message.type !== "plotly") return;
      const src = URL.createObjectURL(new Blob(buffers, { type: "text/javascript" }));
      const script = element("script", { src });
      script.onload = () => resolve(window.Plotly);
      script.onerror = reject;
      document.head.append(script);
    });
    line.send({ type: "plotly" });
  }));
}

// Makes the tree `from` equal to `to` by changing only what differs: focus, scroll positions and plots stay.
function morph(from, to) {
  if (from.isEqualNode(to)) return; // most are, and the browser sees it sooner than the steps below
  if (from.nodeName !== to.nodeName || from.dataset?.figure !== to.dataset?.figure) {
    discard(from);
    from.replaceWith(to);
  } else if (from.nodeType !== Node.ELEMENT_NODE) {
    if (from.data !== to.data) from.data = to.data;
  } else if (to.dataset.figure === undefined) {
    for (const { name } of [...from.attributes])
      if (!to.hasAttribute(name) && !(name === "open" && from.nodeName === "DETAILS")) from.removeAttribute(name);
    for (const { name, value } of to.attributes) set(from, name, value);
    morphChildren(from, to);
  } else {
    // What is inside, and the classes, are Plotly's own; what the picture is called is not.
    for (const { name, value } of to.attributes) if (name !== "class") set(from, name, value);
  }
}

function morphChildren(from, to) {
  const old = [...from.childNodes];
  const fresh = [...to.childNodes];
  fresh.forEach((node, i) => (i < old.length ? morph(old[i], node) : from.append(node)));
  for (const node of old.slice(fresh.length)) {
    discard(node);
    node.remove();
  }
}

function discard(node) {
  if (node.nodeType !== Node.ELEMENT_NODE) return;
  for (const plot of [node, ...node.querySelectorAll("[data-figure]")]) if (plot.data) window.Plotly.purge(plot);
}

function parse(html) {
  const { content } = Object.assign(document.createElement("template"), { innerHTML: html });
  for (const node of content.querySelectorAll("[data-select]:not(button)")) {
    if (!node.hasAttribute("role")) node.setAttribute("role", "button");
    if (!node.hasAttribute("tabindex")) node.setAttribute("tabindex", "0");
  }
  return content;
}

// Sends where the pointer is on a figure: one message at a time, and of those that wait only the last.
class Pointer {
  #next = null;
  #sent = -Infinity;

  constructor(send) {
    this.send = send;
  }

  watch(plot, { putX, putY }) {
    const place = (event) => {
      const { xaxis, yaxis } = plot._fullLayout;
      const { left, top } = plot.getBoundingClientRect();
      const value = (axis, pixel) => {
        const [low, high] = [...axis.range].sort((a, b) => a - b);
        return Math.round(Math.min(Math.max(axis.p2d(pixel - axis._offset), low), high));
      };
      this.#next = `put:${putX}=${value(xaxis, event.clientX - left)}&${putY}=${value(yaxis, event.clientY - top)}`;
      this.#flush();
    };
    plot.addEventListener("pointerdown", (event) => {
      if (event.button || !event.target.closest(".draglayer, .scatterlayer, .infolayer .annotation")) return;
      event.preventDefault();
      plot.setPointerCapture(event.pointerId);
      place(event);
    });
    plot.addEventListener("pointermove", (event) => plot.hasPointerCapture(event.pointerId) && place(event));
  }

  drawn() {
    this.#sent = -Infinity;
    this.#flush();
  }

  #flush() {
    if (this.#next === null) return;
    const wait = this.#sent + ANSWERED - performance.now();
    if (wait > 0) return void setTimeout(() => this.#flush(), wait + 1); // a place without news is never answered
    this.#sent = performance.now();
    this.send(this.#next);
    this.#next = null;
  }
}

// The sections and the figures in them.
class Picture {
  #sections = new Map(); // name -> {node, html}
  #drawn = new WeakMap(); // plot -> {key, figure} it shows
  // Plotly itself follows the window only, while text that grows beside a plot takes room from it.
  #sizes = new ResizeObserver((entries) => {
    for (const { target } of entries) if (target.data && target.offsetHeight) window.Plotly.Plots.resize(target);
  });

  constructor(root, body, { select, copy }) {
    Object.assign(this, { root, body, select, copy, pointer: new Pointer(select) });
  }

  draw({ sections, figures }) {
    const focused = document.activeElement?.dataset?.select;
    for (const [name, { node }] of this.#sections) {
      if (name in sections) continue;
      discard(node);
      node.remove();
      this.#sections.delete(name);
    }
    for (const [name, html] of Object.entries(sections)) this.#write(name, html);
    this.place(Object.keys(sections));
    for (const { node } of this.#sections.values())
      for (const plot of node.querySelectorAll("[data-figure]")) this.#plot(plot, figures[plot.dataset.figure]);
    this.pointer.drawn();
    if (focused !== undefined && document.activeElement?.dataset?.select !== focused) this.#find(focused)?.focus({ preventScroll: true });
  }

  // Puts each section into its slot if the board has one, else into the frame, in the order given.
  place(names = [...this.#sections.keys()]) {
    const last = new Map();
    for (const name of names) {
      const { node } = this.#sections.get(name);
      const parent = this.root.querySelector(`.netdash-slot-${CSS.escape(name)}`) ?? this.body;
      const next = last.has(parent) ? last.get(parent).nextSibling : parent.firstChild;
      if (node !== next) parent.insertBefore(node, next);
      last.set(parent, node);
    }
  }

  #write(name, html) {
    let section = this.#sections.get(name);
    if (!section) {
      const node = element("section", { class: "netdash-section", "data-section": name });
      node.addEventListener("click", (event) => this.#press(event));
      node.addEventListener("keydown", (event) => this.#press(event));
      this.#sections.set(name, (section = { node }));
    }
    if (section.html === html) return;
    section.html = html;
    morphChildren(section.node, parse(html));
  }

  #press(event) {
    if (event.type === "click" && event.target.closest("[data-copy-link]")) return this.copy();
    const target = event.target.closest("[data-select]");
    if (!target) return;
    if (event.type === "keydown") {
      // The browser makes a click of it on a real button.
      if (target.nodeName === "BUTTON" || event.target !== target || ![" ", "Enter"].includes(event.key)) return;
      event.preventDefault();
    }
    this.select(target.dataset.select);
  }

  #plot(plot, json) {
    const key = `${this.root.dataset.view} ${json}`; // each view has its own size of type
    const before = this.#drawn.get(plot);
    if (json === undefined || before?.key === key) return;
    const figure = kept(JSON.parse(json), before?.figure);
    this.#drawn.set(plot, { key, figure });
    const { data, layout: { height, meta, ...layout } } = figure; // the page has what meta says elsewhere
    // The page decides how large type is: a projector asks for more, a small screen has room for less.
    const size = parseFloat(getComputedStyle(plot).fontSize);
    // It decides the height, too, but where it has room for every row.
    if (plot.dataset.height === "own") plot.style.height = `${(height * size) / layout.font.size}px`;
    layout.font = { ...layout.font, size };
    if (layout.title?.font) layout.title.font.size = 1.25 * size;
    const heads = (layout.title?.text ?? "").split("<br>").length;
    let top = (1 + 1.6 * heads) * size;
    if (layout.title?.subtitle) {
      // Words that belong to the picture: its margin has room for them.
      const scale = size / figure.layout.font.size;
      top = layout.margin.t * scale;
      layout.title.subtitle.font.size = size;
      layout.title.pad.t *= scale;
    }
    Object.assign((layout.margin ??= {}), { t: top, b: 2.2 * size });
    const first = !plot.data;
    fit(layout, plot.clientWidth);
    window.Plotly.react(plot, data, layout, config(layout));
    if (!first) return;
    this.#sizes.observe(plot);
    const map = plot.closest("[data-put-x]");
    if (map) this.pointer.watch(plot, map.dataset);
    // A click on a series asks for its source, or for what the plot says.
    plot.on("plotly_click", ({ points }) => points[0].customdata && this.select(`${plot.dataset.click ?? "source"}:${points[0].customdata}`));
  }

  #find(key) {
    for (const { node } of this.#sections.values())
      for (const found of node.querySelectorAll("[data-select]")) if (found.dataset.select === key) return found;
  }
}

// Watches whether the picture is for the inputs shown and whether the kernel still runs.
class Watch {
  #waiting = []; // each set of inputs since the one shown, oldest first: {print, at}
  #cut = null; // since when the websocket is down
  #dead = false;
  #unreachable = false;
  #asked = false;
  #timer;

  constructor({ controls, tell, ask }) {
    Object.assign(this, { controls, tell, ask });
  }

  #print(inputs) {
    return JSON.stringify(Object.keys(this.controls).map((name) => inputs[name]));
  }

  // Called on each change of a control and on each picture. A picture for older inputs leaves the newer ones waiting.
  compare(inputs) {
    const shown = this.#print(inputs);
    const now = this.#print(Object.fromEntries(Object.entries(this.controls).map(([name, [model, trait]]) => [name, model.get(trait)])));
    if (shown === now) this.#waiting = [];
    else {
      this.#waiting.splice(0, this.#waiting.findLastIndex(({ print }) => print === shown) + 1);
      if (this.#waiting.at(-1)?.print !== now) this.#waiting.push({ print: now, at: performance.now() });
    }
    this.judge();
  }

  kernel(status) {
    this.#dead ||= GONE.has(status);
    this.judge();
  }

  connection(status) {
    if (status === "connected" && this.#cut !== null) this.ask(); // what came meanwhile may be lost
    this.#cut = status === "connected" ? null : (this.#cut ?? performance.now() - (status === "disconnected" ? LOST : 0));
    this.judge();
  }

  server(status) {
    this.#dead ||= status === 404;
    this.#unreachable = status !== 200;
    this.judge();
  }

  get over() {
    return this.#dead;
  }

  judge() {
    clearTimeout(this.#timer);
    const now = performance.now();
    const lag = this.#waiting.length ? now - this.#waiting[0].at : 0;
    const cut = this.#cut === null ? 0 : now - this.#cut;
    if (lag < ASK_AGAIN) this.#asked = false;
    else if (!this.#asked) {
      this.#asked = true;
      this.ask();
    }
    const lost = this.#dead || this.#unreachable || Math.max(lag, cut) >= LOST;
    this.tell(lost ? "lost" : lag >= RECOMPUTING ? "recomputing" : "current");
    const left = [RECOMPUTING, ASK_AGAIN, LOST].map((limit) => limit - lag).concat(LOST - cut).filter((ms) => ms > 0);
    if (this.#waiting.length || this.#cut !== null) if (left.length) this.#timer = setTimeout(() => this.judge(), Math.min(...left) + 1);
  }

  stop() {
    clearTimeout(this.#timer);
  }
}

const same = (one, other) => JSON.stringify(one) === JSON.stringify(other);

// Keeps what was entered on this page until the kernel has answered. A line that breaks loses inputs. After it JupyterLab
// puts the kernel's values back into the controls, and ipywidgets waits for the lost answers and sends nothing more: both
// are seen in fields of WidgetModel that have no public name (_state_lock, _pending_msgs, _msg_buffer, _expectedEchoMsgIds).
class Entries {
  #entered = new Map(); // control -> value, the latest last
  #waiting = new Map(); // controls without an answer when the kernel was asked what it has -> the message
  #since = new Set(); // controls changed since it was asked
  #asking = false; // whether it is not yet known what the kernel has
  #files = []; // files whose buttons had no answer then: [model, name]

  constructor(controls, files) {
    Object.assign(this, { controls, files }); // name -> [model, trait]; models of the buttons that open files
  }

  get any() {
    return this.#entered.size > 0;
  }

  // Called on each change of a control: whether it was made on this page.
  note(name) {
    const [model, trait] = this.controls[name];
    if (model._state_lock !== null) return false;
    this.#entered.delete(name);
    this.#entered.set(name, model.get(trait));
    this.#since.add(name);
    return true;
  }

  // Forgets what the kernel has answered.
  forget() {
    if (this.#asking) return;
    for (const name of this.#entered.keys()) if (!this.controls[name][0]._pending_msgs) this.#entered.delete(name);
  }

  // What was entered and is not among these inputs.
  beside(inputs) {
    return [...this.#entered].filter(([name, value]) => !same(inputs[name], value));
  }

  // To be called when the kernel is asked what it has, after a line broke.
  ask() {
    this.forget();
    this.#asking = true;
    const waiting = Object.entries(this.controls).filter(([, [model]]) => model._pending_msgs);
    this.#waiting = new Map(waiting.map(([name, [model, trait]]) => [name, model._expectedEchoMsgIds.get(trait)]));
    this.#files = this.files.filter((model) => model._pending_msgs).map((model) => [model, model.get("value")[0]?.name]);
    this.#since.clear();
  }

  // To be called with the inputs that the kernel has. Returns the entries that are not among them, and the names of files
  // that may be lost, and puts the kernel's values into the controls. As long as an answer is still to come it returns
  // nothing: then the kernel is to be asked again.
  settle(inputs) {
    for (const [name, message] of this.#waiting) this.#free(name, message);
    const controls = Object.entries(this.controls);
    if (controls.some(([, [model]]) => model._pending_msgs)) return;
    const [dropped, files] = [this.beside(inputs), this.#files.filter(([model]) => model._pending_msgs)];
    this.#entered.clear();
    this.#asking = false;
    for (const [name, [model, trait]] of controls) if (!same(model.get(trait), inputs[name])) model.set_state({ [trait]: inputs[name] });
    for (const [model] of files) Object.assign(model, { _pending_msgs: 0, _msg_buffer: null });
    return { dropped, files: files.map(([, name]) => name).filter(Boolean) };
  }

  // The kernel answers in order: an answer that has not come by now was lost, and the control need not wait for it.
  #free(name, message) {
    const [model, trait] = this.controls[name];
    if (!model._pending_msgs || model._expectedEchoMsgIds.get(trait) !== message) return; // it came; another was sent
    Object.assign(model, { _pending_msgs: 0, _msg_buffer: null });
    if (this.#since.has(name)) model.send_sync_message({ [trait]: this.#entered.get(name) });
  }
}

// Says what was not taken, with a button that enters it.
function offer({ enter, dismissed }) {
  const what = element("p", {});
  const again = element("button", { type: "button" });
  const dismiss = element("button", { type: "button" }, "Dismiss");
  const node = element("div", { class: "netdash-dropped", role: "alert", hidden: "" }, what, again, dismiss);
  again.addEventListener("click", enter);
  dismiss.addEventListener("click", dismissed);
  return {
    node,
    show(words, possible) {
      const text = words.length ? `Not taken while the connection was lost: ${words.join("; ")}` : "";
      node.hidden = !text;
      if (what.textContent !== text) what.textContent = text; // text that arrives is what an alert speaks
      again.hidden = !possible;
      again.textContent = words.length > 1 ? "Enter them" : "Enter it";
    },
  };
}

function banner() {
  const again = element("button", { type: "button" });
  const what = element("strong", {});
  const when = element("p", {});
  const node = element("div", { class: "netdash-lost", role: "alert", hidden: "" });
  const words = [element("p", {}, what), when, served ? again : element("p", {}, "Run the notebook's cells again.")];
  return {
    node,
    again,
    show(lost, idle, at, entered) {
      node.hidden = !lost;
      what.textContent = idle
        ? `This session was ended after ${settings.netdashIdleMinutes} minutes without use`
        : "Connection lost: this picture is not for the inputs shown";
      when.textContent = at ? `${idle ? "The picture" : "It"} was computed at ${at}.` : "";
      if (entered.length) when.textContent += ` Entered since and not in this picture: ${entered.join("; ")}.`;
      if (!settings.netdashCaseInAddress) when.textContent += " This server keeps no case in addresses: note the inputs before you open another board.";
      again.textContent = !settings.netdashCaseInAddress ? "Open an empty board" : idle ? "Reopen this case" : "Reload this case";
      node.replaceChildren(...(lost ? words : [])); // text that arrives is what an alert speaks
    },
  };
}

async function render({ model, el, host, signal }) {
  const line = await host.getModel(model.get("line"));
  const controls = {};
  const models = {}; // the same, whole: what anywidget gives of a model is its public part
  const whole = (reference) => model.widget_manager.get_model(reference.replace("anywidget:", ""));
  for (const [name, [reference, trait]] of Object.entries(model.get("controls"))) {
    controls[name] = [await host.getModel(reference), trait];
    models[name] = [await whole(reference), trait];
  }
  const entries = new Entries(models, await Promise.all(model.get("files").map(whole)));
  await library(line);

  const lost = banner();
  const recomputing = element("p", { class: "netdash-recomputing", hidden: "" }, "Recomputing…");
  const live = element("p", { class: "netdash-live", "aria-live": "polite" });
  const body = element("div", { class: "netdash-sections" });
  const notice = element("p", { class: "netdash-notice", role: "status", hidden: "" });
  let dropped = history.state?.netdashDropped ?? []; // of a page that was loaded again: {name, value, words}
  const dropping = offer({ enter, dismissed: () => drop([]) });
  const frame = element("div", { class: "netdash-frame" }, lost.node, dropping.node, recomputing, notice, live, body);
  el.append(frame);

  let used = Date.now(); // when the kernel last sent a picture
  let root = null; // known once the widget is attached
  let picture = null;
  let shown = null; // the content that is drawn
  const logout = document.getElementById("netdash-logout"); // a link of the served page, when a token is asked for
  let told = null; // the inputs that the kernel said it has when the line last came up

  const watch = new Watch({
    controls,
    ask: () => line.send({ type: "sync", revision: line.get("content").revision ?? 0 }),
    tell(state) {
      if (!root || root.dataset.netdashState === state) return;
      root.dataset.netdashState = state;
      recomputing.hidden = state !== "recomputing";
      warn();
      settle();
    },
  });

  function warn() {
    const idle = watch.over && Date.now() - used >= 0.9 * 60_000 * settings.netdashIdleMinutes;
    lost.show(root.dataset.netdashState === "lost", idle, shown?.computed_at, missing().map(({ words }) => words));
  }

  // What was entered while the line was lost and is not in the picture.
  function missing() {
    const open = root?.dataset.netdashState === "lost" && shown ? entries.beside(shown.inputs) : [];
    return open.map(([name, value]) => ({ name, value, words: inWords(name, value) }));
  }

  function inWords(name, value) {
    const [control, trait] = controls[name];
    const label = shown?.labels[name] ?? control.get("description");
    if (typeof value === "boolean") return `${control.get("tooltip") ?? label}: ${value ? "yes" : "no"}`;
    const text = String((trait === "index" ? control.get("_options_labels")[value] : value) ?? "").trim();
    const [what, unit = ""] = label.split(/, (?=[^,]*$)/); // of a box: "Age, years"
    return text ? `${what} ${text} ${unit}`.trim() : `${what} not entered`;
  }

  function drop(list) {
    dropped = list;
    dropping.show([...new Set(dropped.map(({ words }) => words))], dropped.some(canEnter));
    settle();
  }

  // What of it a picture leaves: nothing once another case was opened, which is when inputs change that nobody entered here.
  function offered({ inputs }) {
    const known = (read) => !shown || [shown.inputs, told ?? {}].some((before) => same(read(before), read(inputs)));
    if (!entries.any && !known((all) => all)) return [];
    return dropped.filter(({ name, value }) => !name || (known((all) => all[name]) && !same(inputs[name], value)));
  }

  // A file cannot be entered, nor what was carried over to another version in which it stands for another word.
  const canEnter = ({ name, value, words }) => name in controls && inWords(name, value) === words;

  function enter() {
    const list = dropped.filter(canEnter);
    drop(dropped.filter((one) => !canEnter(one)));
    for (const { name, value } of list) {
      const [control, trait] = controls[name];
      control.set(trait, value);
      control.save_changes();
    }
  }

  // Names the handles of the sliders; ipywidgets gives them none and makes new ones at will.
  function name() {
    if (!shown) return;
    for (const [attribute, texts] of [["aria-label", shown.labels], ["aria-valuetext", shown.valuetexts]])
      for (const [control, text] of Object.entries(texts))
        for (const handle of root.querySelectorAll(`.netdash-control-${CSS.escape(control)} .noUi-handle`)) set(handle, attribute, text);
    // A box whose text was refused says so, and why, to who cannot see it.
    for (const typed of root.querySelectorAll(".nd-typed")) {
      const [box, note] = [typed.querySelector("input"), typed.querySelector(".nd-refused")];
      if (note && !note.id) {
        note.id = `netdash-note-${++notes}`;
        note.scrollIntoView({ block: "nearest" });
      }
      for (const [attribute, text] of [["aria-invalid", "true"], ["aria-describedby", note?.id]])
        if (note) set(box, attribute, text);
        else box?.removeAttribute(attribute);
    }
    for (const button of root.querySelectorAll(".nd-clear")) set(button, "aria-label", button.title);
    // A button that opens a file counts those it holds. Ours hand them on at once: "(0)" would say that nothing is there.
    for (const { childNodes } of root.querySelectorAll(".widget-upload"))
      for (const text of childNodes) if (text.nodeType === Node.TEXT_NODE) text.data = text.data.replace(/ \(\d+\)$/, "");
  }

  // The case stands in the fragment of the address, which a browser sends to nobody. Beside it, also for a page that is
  // loaded again, stands what was not taken.
  let settling;
  function address() {
    if (!served || !shown) return;
    const hash = shown.query && settings.netdashCaseInAddress ? `#${shown.query}` : "";
    const carried = settings.netdashCaseInAddress ? [...dropped, ...missing()] : [];
    const state = carried.length ? { netdashDropped: carried } : null;
    if (location.search || location.hash !== hash || !same(history.state, state)) history.replaceState(state, "", location.pathname + hash);
  }
  function settle() {
    clearTimeout(settling);
    settling = setTimeout(address, SETTLED);
  }

  let patience = served && location.hash.length > 1; // the picture before the address was applied is not worth a look
  function draw() {
    const content = line.get("content");
    if (!content.revision || content === shown || (patience && !content.answered)) return;
    const offers = offered(content);
    root ??= el.closest(".netdash-board") ?? document.body;
    if (!served && !picture) root.addEventListener("focusin", keepKeys, { signal });
    picture ??= new Picture(root, body, { select, copy });
    shown = content;
    used = Date.now();
    set(root, "data-view", content.view);
    picture.draw(content);
    name();
    if (live.textContent !== content.announce) live.textContent = content.announce;
    frame.dataset.revision = content.revision;
    entries.forget();
    watch.compare(content.inputs);
    drop(offers);
    if (!served) return;
    document.getElementById("netdash-starting")?.remove();
    const foot = root.querySelector("[data-section=foot]");
    if (logout && foot && logout.parentNode !== foot) foot.append(logout);
  }

  // A notice of something done, for all to see and for a screen reader to say.
  let unsaying;
  function say(text) {
    notice.textContent = text;
    notice.hidden = !text;
    clearTimeout(unsaying);
    if (text) unsaying = setTimeout(say, SAID, "");
  }

  async function copy() {
    if (!served) return say("A notebook has no address for a case; Show the Python gives the lines that open it.");
    if (!settings.netdashCaseInAddress) return say("This server keeps no case in addresses.");
    const link = location.origin + location.pathname + (shown.query ? `#${shown.query}` : "");
    const copied = await navigator.clipboard?.writeText(link).then(() => true, () => false); // only on a safe origin
    say(copied ? "The link to this case was copied." : `The link to this case: ${link}`);
  }

  // A file goes to the one of several views of this widget on which the button was pressed.
  let pressed = false;
  function select(key) {
    pressed = true;
    line.send({ type: "select", key });
  }
  function save({ name, mime }, buffers) {
    if (!pressed) return;
    pressed = false;
    const href = URL.createObjectURL(new Blob(buffers, { type: mime }));
    element("a", { href, download: name }).click();
    setTimeout(() => URL.revokeObjectURL(href), 60_000);
    say(`Saved as ${name}.`);
  }
  line.on("msg:custom", (message, buffers) => message.type === "download" && save(message, buffers));

  // JupyterLab and Notebook take arrow keys and Enter for their cells, from a slider or a button inside one, too. They
  // look for this sign from the element with the focus upward, and some of their keys are of whatever has the focus.
  const keepKeys = ({ target }) => set(target, "data-lm-suppress-shortcuts", "true");
  for (const reference of model.get("files")) {
    const opened = await host.getModel(reference);
    opened.on("change:value", () => {
      const [file] = opened.get("value");
      if (!(file?.size > LARGEST)) return;
      opened.set("value", []); // it has not been sent yet
      say(`${file.name} was not opened: it has ${file.size.toLocaleString("en")} bytes, expected a table of at most ${LARGEST.toLocaleString("en")}.`);
    });
  }

  // A picture is drawn at once; of those that arrive within the same frame of the screen only the last.
  let drawing = 0;
  let more = false;
  function soon() {
    more = Boolean(drawing) || !el.isConnected;
    if (!more) draw();
    drawing ||= requestAnimationFrame(() => ((drawing = 0), more && soon()));
  }

  line.on("change:content", soon);
  for (const [name, [control, trait]] of Object.entries(controls)) control.on(`change:${trait}`, () => changed(name));
  function changed(name) {
    const here = entries.note(name);
    if (!shown) return;
    if (here && dropped.some((one) => one.name === name)) drop(dropped.filter((one) => one.name !== name));
    watch.compare(shown.inputs);
    if (root.dataset.netdashState === "lost") (warn(), settle());
  }
  lost.again.addEventListener("click", () => (address(), location.reload()));

  // Keys of the meeting; what is typed into an input stays there. A slider takes arrows, but no letters.
  function key(event) {
    if (!root || event.defaultPrevented || event.ctrlKey || event.altKey || event.metaKey) return;
    if (event.target.closest?.("input, select, textarea, [contenteditable]")) return;
    const pressed = event.key.toLowerCase();
    if (pressed.length > 1 && event.target.closest?.("[role=slider]")) return;
    const keys = { p: "do:present", u: "do:undo" };
    if (shown?.view === "present") Object.assign(keys, { escape: "do:leave", arrowright: "do:next", arrowleft: "do:previous" });
    if (keys[pressed]) line.send({ type: "select", key: keys[pressed] });
  }
  if (served) document.addEventListener("keydown", key, { signal });

  const tidy = new MutationObserver(() => picture && (picture.place(), name()));
  tidy.observe(document.body, { childList: true, subtree: true });

  const kernel = model.widget_manager.kernel;
  const onKernel = (_, status) => watch.kernel(status);
  let changes = 0; // of the state of the line so far
  const onConnection = (_, status) => {
    changes += 1;
    if (status === "connected") ask();
    else watch.connection(status);
  };
  kernel?.statusChanged.connect(onKernel);
  kernel?.connectionStatusChanged.connect(onConnection);

  // A line that came up again is as good as before once the kernel has said which inputs it has.
  let asked = 0; // how often
  function ask() {
    entries.ask();
    line.send({ type: "inputs", number: ++asked });
  }
  line.on("msg:custom", ({ type, number, inputs }) => {
    if (type !== "inputs" || number !== asked) return;
    watch.connection("connected");
    const found = entries.settle(inputs);
    if (!found) return ask();
    told = inputs;
    const fresh = found.dropped.map(([name, value]) => ({ name, value, words: inWords(name, value) }));
    const files = found.files.map((name) => ({ words: `the file ${name} (open it again if it is not there)` }));
    drop([...dropped.filter(({ name }) => !fresh.some((one) => one.name === name)), ...fresh, ...files]);
  });

  // The signals above come at once but know nothing of a network that swallows packets, nor of a session ended by the
  // server. A question to the server about the kernel does, and unlike one to the kernel it is not activity of the session.
  // An answer while the line is down, here or at the server's end, asks for the line at once: JupyterLab waits up to 30 s.
  async function poll() {
    const down = kernel.connectionStatus !== "connected";
    if ((document.hidden && !down) || watch.over) return;
    const before = changes;
    const [status, lines] = await fetch(`${kernel.serverSettings.baseUrl}api/kernels/${kernel.id}`, { cache: "no-store", signal: AbortSignal.timeout(POLL) })
      .then(async (response) => [response.status, response.ok ? (await response.json()).connections : 0])
      .catch(() => [0, 0]);
    watch.server(status);
    if (!down) wait = AGAIN;
    if (status === 200 && changes === before && (down || lines === 0)) reconnect();
  }
  let wait = AGAIN;
  let next = 0;
  function reconnect() {
    if (performance.now() < next) return;
    next = performance.now() + wait;
    wait = Math.min(2 * wait, AGAIN_MOST);
    kernel.reconnect().catch(() => {}); // the next answer asks for it again
  }
  const polling = served && kernel ? setInterval(poll, POLL) : undefined;

  line.send({ type: "sync", revision: line.get("content").revision ?? 0 });
  if (served) line.send({ type: "address", query: location.hash.slice(1) }); // last: its answer is a picture of its own
  setTimeout(() => ((patience = false), soon()), ANSWER);
  soon();

  signal.addEventListener("abort", () => {
    kernel?.statusChanged.disconnect(onKernel);
    kernel?.connectionStatusChanged.disconnect(onConnection);
    cancelAnimationFrame(drawing);
    clearInterval(polling);
    clearTimeout(settling);
    tidy.disconnect();
    watch.stop();
    discard(frame);
  });
}

export default { render };
