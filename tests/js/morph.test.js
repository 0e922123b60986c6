import assert from "node:assert/strict";
import { beforeEach, test } from "node:test";
import { Model, openPage } from "./page.js";

openPage();
const purged = [];
window.netdashPlotly = { "4.1.1": { version: "4.1.1", purge: (plot) => purged.push(plot) } };
const { loadPlotly } = await import("../../netdash/board/static/frame/plotly.js");
const { morphChildren, parse, rewrite } = await import("../../netdash/board/static/frame/morph.js");
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
  show("<div data-roving><button aria-pressed='true'>A</button><button>C</button></div>");
  assert.equal(root.querySelectorAll("button")[1].getAttribute("tabindex"), "-1");
  show("<div data-roving><button>A</button><button aria-pressed='true'>C</button></div>");
  assert.equal(root.querySelectorAll("button")[1].getAttribute("tabindex"), null);
  root.querySelectorAll("button")[1].setAttribute("tabindex", "-1");
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

const MARKED = (...parts) => `<p>head</p><div>${parts.map((part) => `<!--[-->${part}<!--]-->`).join("\n")}</div>`;
const show2 = (before, html) => {
  show(before);
  const nodes = [...root.querySelectorAll("*")];
  rewrite(root, before, html);
  return nodes.filter((node) => node.isConnected);
};

test("marked parts become what was asked for, whatever was there before", () => {
  const parts = ["<b>1</b>", "<b>2</b><i>more</i>", "", "text", "<b class='c'>3</b>", "<b><!-- x -->4</b>"];
  const pages = ["", "<p>none</p>", MARKED()];
  for (const a of parts) for (const b of parts) pages.push(MARKED(a, b), MARKED(b));
  for (const before of pages) {
    for (const html of pages) {
      show2(before, html);
      const wanted = Object.assign(document.createElement("div"), { innerHTML: html });
      assert.equal(root.innerHTML, wanted.innerHTML);
    }
  }
});

test("parts that are equal are not touched, and one that differs keeps its nodes", () => {
  const stay = show2(MARKED("<b>1</b>", "<b>2</b>"), MARKED("<b>1</b>", "<b class='new'>3</b>"));
  assert.equal(stay.length, 4);
  assert.equal(root.querySelectorAll("b")[1].outerHTML, '<b class="new">3</b>');
});

test("a page whose marks are not those of its text is made anew", () => {
  const [before, html] = [MARKED("<b>1</b>"), MARKED("<b>2</b>")];
  show(before);
  for (const comment of [...root.querySelector("div").childNodes].filter(({ nodeType }) => nodeType === 8))
    comment.remove();
  rewrite(root, before, html);
  assert.match(root.innerHTML, /<b>2<\/b>/);
});
