import assert from "node:assert/strict";
import { beforeEach, test } from "node:test";
import { Watch } from "../../netdash/board/static/frame/watch.js";
import { Model, stopClock } from "./page.js";

const pass = stopClock();
let age;
let states;
let asked;
let watch;

beforeEach(() => {
  watch?.stop();
  age = new Model({ value: 50 });
  states = [];
  asked = 0;
  watch = new Watch({
    controls: { age: [age, "value"] },
    tell: (state) => state !== states.at(-1) && states.push(state),
    ask: () => {
      asked += 1;
    },
  });
  watch.compare({ age: 50 });
});

function enter(value, shown = 50) {
  age.set("value", value);
  watch.compare({ age: shown });
}

test("a picture for the inputs shown is current", () => {
  assert.deepEqual(states, ["current"]);
});

test("an input without a picture is recomputing, then asked for again, then lost", () => {
  enter(51);
  pass(199);
  assert.deepEqual(states, ["current"]);
  pass(10);
  assert.deepEqual(states, ["current", "recomputing"]);
  assert.equal(asked, 0);
  pass(800);
  assert.equal(asked, 1);
  pass(2000);
  assert.deepEqual(states, ["current", "recomputing", "lost"]);
  assert.equal(asked, 1);
});

test("a picture that comes late makes it current again", () => {
  enter(51);
  pass(4000);
  watch.compare({ age: 51 });
  assert.equal(states.at(-1), "current");
  pass(10_000);
  assert.equal(states.at(-1), "current");
});

test("a picture for older inputs leaves the newer ones waiting since they were entered", () => {
  enter(51);
  pass(1500);
  enter(52);
  pass(1000);
  watch.compare({ age: 51 });
  assert.equal(states.at(-1), "recomputing");
  pass(1900);
  assert.equal(states.at(-1), "recomputing");
  pass(200);
  assert.equal(states.at(-1), "lost");
});

test("an input that is taken back waits for nothing", () => {
  enter(51);
  enter(50);
  pass(10_000);
  assert.deepEqual(states, ["current"]);
});

test("a line that is being made anew is lost after three seconds, one that was given up at once", () => {
  watch.connection("connecting");
  assert.equal(states.at(-1), "current");
  pass(3100);
  assert.equal(states.at(-1), "lost");
  watch.connection("connected");
  assert.equal(states.at(-1), "current");
  assert.equal(asked, 1);
  watch.connection("disconnected");
  assert.equal(states.at(-1), "lost");
});

for (const status of ["dead", "terminating", "restarting", "autorestarting"]) {
  test(`a kernel that is ${status} does not come back`, () => {
    watch.kernel(status);
    watch.kernel("idle");
    assert.equal(states.at(-1), "lost");
    assert.equal(watch.over, true);
  });
}

test("a kernel that has ended is not asked for the picture of an input", () => {
  enter(51);
  watch.kernel("dead");
  pass(10_000);
  assert.equal(asked, 0);
});

test("a kernel that takes no message has ended", () => {
  watch.end();
  watch.server(200);
  assert.equal(states.at(-1), "lost");
  assert.equal(watch.over, true);
});

test("a server that is out of reach is lost until it answers; one without the kernel is lost for good", () => {
  watch.server(0);
  assert.equal(states.at(-1), "lost");
  watch.server(200);
  assert.equal(states.at(-1), "current");
  watch.server(404);
  watch.server(200);
  assert.equal(states.at(-1), "lost");
});

test("the limit that ended the session is told once it is known, and stays", () => {
  watch.kernel("dead");
  assert.equal(watch.limit, "");
  watch.server(404, "processor time");
  watch.server(404);
  assert.equal(watch.limit, "processor time");
});

test("a figure that cannot be drawn is lost until the next picture", () => {
  watch.fail();
  assert.equal(states.at(-1), "lost");
  assert.equal(watch.failed, true);
  watch.begin();
  watch.compare({ age: 50 });
  assert.equal(states.at(-1), "current");
});

test("a board that was saved with a notebook is lost from the start, and behind once an input is changed", () => {
  const tell = (state) => states.push(state);
  watch = new Watch({ controls: { age: [age, "value"] }, tell, ask: () => {}, saved: true });
  watch.compare({ age: 50 });
  assert.equal(states.at(-1), "lost");
  assert.equal(watch.behind, false);
  enter(51);
  assert.equal(watch.behind, true);
});

test("a watch that was stopped says nothing more", () => {
  enter(51);
  watch.stop();
  pass(10_000);
  assert.deepEqual(states, ["current"]);
});
