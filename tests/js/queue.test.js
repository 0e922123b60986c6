import assert from "node:assert/strict";
import { beforeEach, test } from "node:test";
import { Pointer } from "../../netdash/board/static/frame/pointer.js";
import { oncePerFrame } from "../../netdash/board/static/frame/queue.js";
import { stopClock } from "./page.js";

const pass = stopClock();
let sent;
let pointer;

beforeEach(() => {
  sent = [];
  pointer = new Pointer((key) => sent.push(key));
});

test("the first place is sent at once, and of those that wait only the last", () => {
  pointer.put("a");
  pointer.put("b");
  pointer.put("c");
  assert.deepEqual(sent, ["a"]);
  pointer.drawn();
  assert.deepEqual(sent, ["a", "c"]);
  pointer.drawn();
  assert.deepEqual(sent, ["a", "c"]);
});

test("a place that changes nothing has no answer and holds the next one up for a short time only", () => {
  pointer.put("a");
  pointer.put("b");
  pass(399);
  assert.deepEqual(sent, ["a"]);
  pass(10);
  assert.deepEqual(sent, ["a", "b"]);
});

/** Screen frames that come when they are told to. */
function frames() {
  const due = [];
  globalThis.requestAnimationFrame = (run) => due.push(run);
  globalThis.cancelAnimationFrame = () => due.splice(0);
  return () => {
    for (const run of due.splice(0)) run();
  };
}

test("a picture is drawn at once, and of those within a frame of the screen only the last", () => {
  const next = frames();
  let drawn = 0;
  const queue = oncePerFrame(
    () => {
      drawn += 1;
    },
    () => true,
  );
  queue.soon();
  assert.equal(drawn, 1);
  queue.soon();
  queue.soon();
  assert.equal(drawn, 1);
  next();
  assert.equal(drawn, 2);
  next();
  next();
  assert.equal(drawn, 2);
});

test("a page that is not ready is asked in each frame, and no longer once it was stopped", () => {
  const next = frames();
  let ready = false;
  let drawn = 0;
  const queue = oncePerFrame(
    () => {
      drawn += 1;
    },
    () => ready,
  );
  queue.soon();
  next();
  assert.equal(drawn, 0);
  ready = true;
  next();
  assert.equal(drawn, 1);
  ready = false;
  queue.soon();
  queue.stop();
  ready = true;
  next();
  assert.equal(drawn, 1);
  queue.soon();
  next();
  assert.equal(drawn, 1);
});
