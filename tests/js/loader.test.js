import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, beforeEach, test } from "node:test";
import { pathToFileURL } from "node:url";
import { Model, openPage } from "./page.js";

const FILE = "../../netdash/server/share/voila/templates/netdash/static/plotly-cartesian.min.js";
const folder = mkdtempSync(join(tmpdir(), "netdash-"));
after(() => rmSync(folder, { recursive: true }));
let files = 0;

// Node imports no address of a blob: here it is a file.
class Parts {
  constructor(parts) {
    this.text = parts.map((part) => (typeof part === "string" ? part : new TextDecoder().decode(part))).join("");
  }
}
globalThis.Blob = Parts;
URL.createObjectURL = ({ text }) => {
  files += 1;
  const path = join(folder, `${files}.mjs`);
  writeFileSync(path, text);
  return pathToFileURL(path).href;
};
URL.revokeObjectURL = () => {};

let channel;
beforeEach(() => {
  openPage();
  globalThis.self = window;
  channel = new Model();
});

const { loadPlotly } = await (async () => {
  openPage();
  return import("../../netdash/board/static/frame/plotly.js");
})();

const answer = (script) => channel.trigger("msg:custom", { type: "plotly" }, [new TextEncoder().encode(script)]);
const SCRIPT = "window.Plotly = { version: '4.1.1', ours: true }; module.exports = window.Plotly;";

test("a page that has the library by its version is asked for nothing", async () => {
  window.netdashPlotly = { "4.1.1": { version: "4.1.1" } };
  await loadPlotly(channel);
  assert.deepEqual(channel.sent, []);
});

test("a page that is still loading the library is waited for; when it fails, the kernel is asked", async () => {
  window.netdashPlotly = { "4.1.1": Promise.resolve({ version: "4.1.1", late: true }) };
  await loadPlotly(channel);
  const late = await import("../../netdash/board/static/frame/plotly.js");
  assert.equal(late.Plotly.late, true);
  assert.deepEqual(channel.sent, []);
  window.netdashPlotly = { "4.1.1": Promise.reject(new Error("plotly.js did not load")) };
  const loading = loadPlotly(channel);
  await new Promise((resolve) => setTimeout(resolve));
  answer(SCRIPT);
  await loading;
  assert.equal(late.Plotly.ours, true);
});

test("every frame asks its own kernel, and the first answer serves all: that of a saved board never comes", async () => {
  const saved = new Model();
  const both = Promise.all([loadPlotly(saved), loadPlotly(channel)]);
  assert.deepEqual(channel.sent, [{ type: "plotly" }]);
  assert.deepEqual(saved.sent, [{ type: "plotly" }]);
  answer(SCRIPT);
  await both;
  const { Plotly } = await import("../../netdash/board/static/frame/plotly.js");
  assert.equal(Plotly.ours, true);
});

test("another library at window.Plotly is neither taken nor replaced, whatever version it names", async () => {
  for (const version of ["1.58.5", "4.1.1"]) {
    openPage();
    const foreign = { version };
    window.Plotly = foreign;
    const loading = loadPlotly(channel);
    answer(SCRIPT);
    await loading;
    const { Plotly } = await import("../../netdash/board/static/frame/plotly.js");
    assert.equal(Plotly.ours, true);
    assert.equal(window.Plotly, foreign);
  }
});

test("a page without a library of its own has none afterwards", async () => {
  const loading = loadPlotly(channel);
  answer(SCRIPT);
  await loading;
  assert.equal("Plotly" in window, false);
});

test("another version in the same page is not taken", async () => {
  window.netdashPlotly = { "9.9.9": { version: "9.9.9" } };
  const loading = loadPlotly(channel);
  assert.deepEqual(channel.sent, [{ type: "plotly" }]);
  answer(SCRIPT);
  await loading;
  assert.equal((await window.netdashPlotly["4.1.1"].library).ours, true);
});

test("a script that fails says so, and the next frame asks again", async () => {
  const loading = loadPlotly(channel);
  answer("throw new Error('broken')");
  await assert.rejects(loading, /broken/);
  const again = loadPlotly(channel);
  assert.equal(channel.sent.length, 2);
  answer(SCRIPT);
  await again;
});

test("the version asked for is that of the file", () => {
  const [, version] = readFileSync(new URL(FILE, import.meta.url), "utf8").match(
    /plotly\.js \(cartesian - minified\) v(\S+)/,
  );
  const source = readFileSync(new URL("../../netdash/board/static/frame/plotly.js", import.meta.url), "utf8");
  assert.ok(source.includes(`PLOTLY_VERSION = "${version}"`));
});
