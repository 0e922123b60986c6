// Draws what the kernel computed, all of one computation at once, and says when it is not for the inputs shown.
// Python's side is frame.py: `content` is one message of {revision, inputs, sections, figures, labels, ...}.

const RECOMPUTING = 200; // ms for which an input may wait for its picture before the page says so,
const ASK_AGAIN = 1000; // before it asks the kernel for a picture that may have been lost,
const LOST = 3000; // and before it takes the kernel for lost
const POLL = 2000; // ms between questions to the server whether the kernel still runs
const ANSWER = 3000; // ms to wait for the kernel's answer to the address before drawing anyway
const ANSWERED = 400; // ms after which a place on a map is taken for answered although nothing changed
const SAID = 4000; // ms for which a notice stays
const LARGEST = 5_000_000; // bytes of a file that is sent to the kernel, which takes less and says how much; 10 MB would cut the line
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

function banner() {
  const again = element("button", { type: "button" });
  const what = element("strong", {});
  const when = element("p", {});
  const node = element("div", { class: "netdash-lost", role: "alert", hidden: "" });
  const words = [element("p", {}, what), when, served ? again : element("p", {}, "Run the notebook's cells again.")];
  return {
    node,
    again,
    show(lost, idle, at) {
      node.hidden = !lost;
      what.textContent = idle
        ? `This session was ended after ${settings.netdashIdleMinutes} minutes without use`
        : "Connection lost: this picture is not for the inputs shown";
      when.textContent = at ? `${idle ? "The picture" : "It"} was computed at ${at}.` : "";
      if (!settings.netdashCaseInAddress) when.textContent += " This server keeps no case in addresses: note the inputs before you open another board.";
      again.textContent = !settings.netdashCaseInAddress ? "Open an empty board" : idle ? "Reopen this case" : "Reload this case";
      node.replaceChildren(...(lost ? words : [])); // text that arrives is what an alert speaks
    },
  };
}

async function render({ model, el, host, signal }) {
  const line = await host.getModel(model.get("line"));
  const controls = {};
  for (const [name, [reference, trait]] of Object.entries(model.get("controls"))) controls[name] = [await host.getModel(reference), trait];
  await library(line);

  const lost = banner();
  const recomputing = element("p", { class: "netdash-recomputing", hidden: "" }, "Recomputing…");
  const live = element("p", { class: "netdash-live", "aria-live": "polite" });
  const body = element("div", { class: "netdash-sections" });
  const notice = element("p", { class: "netdash-notice", role: "status", hidden: "" });
  const frame = element("div", { class: "netdash-frame" }, lost.node, recomputing, notice, live, body);
  el.append(frame);

  let used = Date.now(); // when the kernel last sent a picture
  let root = null; // known once the widget is attached
  let picture = null;
  let shown = null; // the content that is drawn

  const watch = new Watch({
    controls,
    ask: () => line.send({ type: "sync", revision: line.get("content").revision ?? 0 }),
    tell(state) {
      if (!root || root.dataset.netdashState === state) return;
      root.dataset.netdashState = state;
      recomputing.hidden = state !== "recomputing";
      const idle = watch.over && Date.now() - used >= 0.9 * 60_000 * settings.netdashIdleMinutes;
      lost.show(state === "lost", idle, shown?.computed_at);
    },
  });

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

  let settling;
  function address() {
    const query = shown.query && settings.netdashCaseInAddress ? `?${shown.query}` : "";
    if (location.search !== query) history.replaceState(null, "", location.pathname + query + location.hash);
  }

  let patience = served && location.search.length > 1; // the picture before the address was applied is not worth a look
  function draw() {
    const content = line.get("content");
    if (!content.revision || content === shown || (patience && !content.answered)) return;
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
    watch.compare(content.inputs);
    if (!served) return;
    clearTimeout(settling);
    settling = setTimeout(address, SETTLED);
    document.getElementById("netdash-starting")?.remove();
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
    const link = location.origin + location.pathname + (shown.query ? `?${shown.query}` : "");
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
  for (const [control, trait] of Object.values(controls)) control.on(`change:${trait}`, () => shown && watch.compare(shown.inputs));
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
  const onConnection = (_, status) => watch.connection(status);
  kernel?.statusChanged.connect(onKernel);
  kernel?.connectionStatusChanged.connect(onConnection);

  // The signals above come at once but know nothing of a network that swallows packets, nor of a session ended by the
  // server. A question to the server about the kernel does, and unlike one to the kernel it is not activity of the session.
  async function poll() {
    if (document.hidden || watch.over) return;
    const status = await fetch(`${kernel.serverSettings.baseUrl}api/kernels/${kernel.id}`, { cache: "no-store", signal: AbortSignal.timeout(POLL) })
      .then((response) => response.status)
      .catch(() => 0);
    watch.server(status);
  }
  const polling = served && kernel ? setInterval(poll, POLL) : undefined;

  line.send({ type: "sync", revision: line.get("content").revision ?? 0 });
  if (served) line.send({ type: "address", query: location.search.slice(1) }); // last: its answer is a picture of its own
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
