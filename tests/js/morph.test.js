import assert from "node:assert/strict";
import { beforeEach, test } from "node:test";
import { Model, openPage } from "./page.js";

openPage();
const purged = [];
window.netdashPlotly = { "4.1.1": { version: "4.1.1", purge: (plot) => purged.push(plot) } };
const { loadPlotly } = await import("../../netdash/board/static/frame/plotly.js");
const { morphChildren, parse } = await import("../../netdash/board/static/frame/morph.js");
await loadPlotly(new Model());

let root;
beforeEach(() => {
  purged.length = 0;
  document.body.replaceChildren();
  root = document.body.appendChild(document.createElement("div"));
});

function show(html) {
  morphChildren(root, parse(html));
  return root;
}

test("the page becomes what was asked for", () => {
  for (const html of ["<p>one</p>", "<p class='a'>two</p><p>three</p>", "<ul><li>x</li></ul>text", ""]) {
    show(html);
    const wanted = Object.assign(document.createElement("div"), { innerHTML: html });
    assert.equal(root.innerHTML, wanted.innerHTML);
  }
});

test("a node of another kind takes the place of one, and those after it stay", () => {
  const [, after] = show("<p>one</p><p>two</p>").children;
  show("<h2>one</h2><p>two</p>");
  assert.equal(root.innerHTML, "<h2>one</h2><p>two</p>");
  assert.equal(root.lastChild, after);
});

test("what stays the same stays the same node", () => {
  const [first, second] = show("<p>one</p><p>two</p>").children;
  show("<p>one</p><p class='new'>three</p>");
  assert.deepEqual([...root.children], [first, second]);
  assert.equal(second.outerHTML, '<p class="new">three</p>');
});

test("the focus stays on a button whose text changes", () => {
  show("<button>A</button>");
  root.firstChild.focus();
  show("<button aria-pressed='true'>B</button>");
  assert.equal(document.activeElement, root.firstChild);
  assert.equal(root.firstChild.textContent, "B");
});

test("the stop of a row of buttons stays, and goes when the row goes", () => {
  show("<div data-roving><button>A</button><button>B</button></div>");
  root.querySelectorAll("button")[1].setAttribute("tabindex", "-1");
  show("<div data-roving><button>A</button><button>C</button></div>");
  assert.equal(root.querySelectorAll("button")[1].getAttribute("tabindex"), "-1");
  show("<div><button>A</button><button>C</button></div>");
  assert.equal(root.querySelectorAll("button")[1].getAttribute("tabindex"), null);
});

test("a part that the reader opened stays open", () => {
  show("<details><summary>more</summary>1</details>");
  root.firstChild.open = true;
  show("<details><summary>more</summary>2</details>");
  assert.equal(root.firstChild.open, true);
});

test("the inside and the classes of a plot are left to Plotly", () => {
  show("<div data-figure='forest' class='nd-figure' aria-label='old'></div>");
  const plot = root.firstChild;
  plot.className = "nd-figure js-plotly-plot";
  plot.innerHTML = "<svg></svg>";
  show("<div data-figure='forest' class='nd-figure' aria-label='new'></div>");
  assert.equal(root.firstChild, plot);
  assert.equal(plot.innerHTML, "<svg></svg>");
  assert.equal(plot.className, "nd-figure js-plotly-plot");
  assert.equal(plot.getAttribute("aria-label"), "new");
});

test("a plot that leaves the page, or becomes another, is given back to Plotly", () => {
  show("<div><div data-figure='forest'></div></div><p>x</p>");
  const plot = root.querySelector("[data-figure]");
  plot.data = [];
  show("<div><div data-figure='medians'></div></div><p>x</p>");
  assert.deepEqual(purged, [plot]);
  const other = root.querySelector("[data-figure]");
  other.data = [];
  show("");
  assert.deepEqual(purged, [plot, other]);
});

test("what can be pressed can be reached by key", () => {
  const [row, button] = show("<div data-select='milan'>Milan</div><button data-select='x'>x</button>").children;
  assert.deepEqual([row.getAttribute("role"), row.getAttribute("tabindex")], ["button", "0"]);
  assert.equal(button.getAttribute("role"), null);
});
