import assert from "node:assert/strict";
import { test } from "node:test";
import { fit, kept, painted } from "../../netdash/board/static/frame/figures.js";

test("parts that say the same are the same objects, so that Plotly does not draw them again", () => {
  const old = { data: [{ x: [1, 2] }, { x: [3] }], layout: { margin: { l: 1 } } };
  const fresh = kept({ data: [{ x: [1, 2] }, { x: [4] }], layout: { margin: { l: 1 } } }, old);
  assert.deepEqual(fresh, { data: [{ x: [1, 2] }, { x: [4] }], layout: { margin: { l: 1 } } });
  assert.equal(fresh.data[0], old.data[0]);
  assert.equal(fresh.layout, old.layout);
  assert.notEqual(fresh.data[1], old.data[1]);
});

test("a figure without one before it is itself", () => {
  const figure = { data: [] };
  assert.equal(kept(figure, undefined), figure);
  assert.equal(kept(figure, null), figure);
  assert.equal(kept(1, 2), 1);
});

/** Ten pixels a letter, and the font that was asked for. */
function ruler() {
  const fonts = [];
  function measure(text, font) {
    fonts.push(font);
    return 10 * text.length;
  }
  return { fonts, measure };
}

const layout = (ticktext) => ({
  font: { size: 12, family: "serif" },
  yaxis: { automargin: true, ticktext },
  margin: { l: 0, r: 5 },
});

test("the margin holds the longest line of the names, without its tags", () => {
  const { fonts, measure } = ruler();
  const found = layout(["<b>Que</b>", "Milan<br>2007 series"]);
  fit(found, 1000, measure);
  assert.equal(found.margin.l, 10 * "2007 series".length + 0.8 * 12);
  assert.equal(found.margin.r, 5);
  assert.equal(found.yaxis.automargin, false);
  assert.deepEqual(fonts, ["bold 12px serif", "12px serif", "12px serif"]);
});

test("longer names are broken, so that half of the plot is the axis", () => {
  const found = layout(["a name too long", "<b>Que</b>"]);
  assert.equal(fit(found, 200, ruler().measure), 2);
  assert.deepEqual(found.yaxis.ticktext, ["a name<br>too long", "<b>Que</b>"]);
  assert.equal(found.margin.l, 10 * "too long".length + 0.8 * 12);
});

test("a break is between words: not in a tag, not in a number of patients, not before a sign", () => {
  const found = layout(["<span style='color:rgb(1, 2, 3)'>Gedaly 2011, n = 150 † ◦</span>"]);
  fit(found, 300, ruler().measure);
  assert.deepEqual(found.yaxis.ticktext, [
    "<span style='color:rgb(1, 2, 3)'>Gedaly 2011,<br>n\u00a0=\u00a0150\u00a0†\u00a0◦</span>",
  ]);
});

test("a word that is longer than half of the plot is cut there", () => {
  const found = layout(["interminable"]);
  fit(found, 100, ruler().measure);
  assert.equal(found.margin.l, 49);
});

test("a figure takes the colors of the page, and nothing else of its text changes", () => {
  const colors = { "#1A1A1A": "rgb(1, 2, 3)", white: "rgb(9, 9, 9)" };
  const json =
    '{"color":"#1A1A1A","paper":"white","text":"<b style=\'color:#1A1A1A\'>a white cell</b>","line":"#DADADA","band":"rgba(255, 255, 255, 0.7)"}';
  assert.deepEqual(JSON.parse(painted(json, colors)), {
    color: "rgb(1, 2, 3)",
    paper: "rgb(9, 9, 9)",
    text: "<b style='color:rgb(1, 2, 3)'>a white cell</b>",
    line: "#DADADA",
    band: "rgba(9, 9, 9, 0.7)",
  });
});

test("an axis that asks for no room gets none", () => {
  const found = { ...layout(["name"]), yaxis: { ticktext: ["name"] }, yaxis2: { automargin: true } };
  fit(found, 100, ruler().measure);
  assert.deepEqual(found.margin, { l: 0, r: 5 });
});

test("a line over the whole width is broken where the plot is narrower, and other notes are not", () => {
  const found = layout(["name"]);
  found.annotations = [
    { text: "a note in the plot" },
    { name: "therapy:prrt", text: "<b>PRRT</b> 0 of 3 met, 1 open" },
  ];
  assert.equal(fit(found, 140, ruler().measure), 3);
  assert.deepEqual(
    found.annotations.map(({ text }) => text),
    ["a note in the plot", "<b>PRRT</b><br>0\u00a0of\u00a03\u00a0met,<br>1\u00a0open"],
  );
});
