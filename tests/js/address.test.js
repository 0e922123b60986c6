import assert from "node:assert/strict";
import { test } from "node:test";
import { openPage, stopClock } from "./page.js";

const settings = '{"netdashCaseInAddress": true}';
const { document } = openPage(`<script id="jupyter-config-data" type="application/json">${settings}</script>`);
document.body.dataset.netdash = "page";
const pass = stopClock();
const { Address } = await import("../../netdash/board/static/frame/address.js");

test("the address follows the case, and leaves a link alone that was just opened in this tab", () => {
  location.hash = "#age_years=40";
  let query = "age_years=41";
  const address = new Address(() => ({ query, carried: [] }));
  address.settle();
  pass(299);
  assert.equal(location.hash, "#age_years=40");
  pass(1);
  assert.equal(location.hash, "#age_years=41");
  query = "age_years=42";
  address.settle();
  location.hash = "#age_years=70"; // the page is about to load this case
  pass(1000);
  assert.equal(location.hash, "#age_years=70");
});
