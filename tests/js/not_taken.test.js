import assert from "node:assert/strict";
import { beforeEach, test } from "node:test";
import { Model, openPage } from "./page.js";

openPage();
const { Entries } = await import("../../netdash/board/static/frame/entries.js");
const { inWords, NotTaken } = await import("../../netdash/board/static/frame/not_taken.js");

let age;
let symptoms;
let controls;
let entries;
let notTaken;

beforeEach(() => {
  age = new Model({ value: 50, description: "Age, years" });
  symptoms = new Model({ index: 0, _options_labels: ["no", "yes"], description: "Symptoms" });
  controls = { age: [age, "value"], symptoms: [symptoms, "index"] };
  entries = new Entries(controls, []);
  const words = (name, value) => inWords(controls[name], value, undefined);
  notTaken = new NotTaken({ controls, entries, words, changed: () => {} });
});

/** A person changes a control, and the kernel does not answer. */
function enter(name, value, message = "m1") {
  const [model, trait] = controls[name];
  model.state[trait] = value;
  model._pending_msgs = 1;
  model._expectedEchoMsgIds.set(trait, message);
  return entries.note(name);
}

test("a change by the kernel is no entry", () => {
  let noted;
  age.on("change:value", () => {
    noted = entries.note("age");
  });
  age.set_state({ value: 60 });
  assert.equal(noted, false);
  assert.equal(entries.any, false);
});

test("what has no answer when the line is back was dropped, and the kernel's value stands in the control", () => {
  assert.equal(enter("age", 55), true);
  entries.ask();
  const found = entries.settle({ age: 50, symptoms: 0 });
  assert.deepEqual(found, { dropped: [["age", 55]], files: [] });
  assert.equal(age.get("value"), 50);
  assert.equal(age._pending_msgs, 0);
  assert.equal(entries.any, false);
});

test("what the kernel has was not dropped although its answer was lost", () => {
  enter("age", 55);
  entries.ask();
  assert.deepEqual(entries.settle({ age: 55, symptoms: 0 }), { dropped: [], files: [] });
});

test("what was entered while the kernel was asked is sent, and the kernel asked again", () => {
  enter("age", 55);
  entries.ask();
  entries.note("age");
  age.send_sync_message = function send(state) {
    this.sent.push(state);
    this._pending_msgs = 1;
  };
  assert.equal(entries.settle({ age: 50, symptoms: 0 }), undefined);
  assert.deepEqual(age.sent, [{ value: 55 }]);
});

test("what waits in a control is sent before a later entry in another one, and before a choice", () => {
  const order = [];
  for (const [name, [model]] of Object.entries(controls)) {
    model.send_sync_message = (state) => `${order.push([name, state])}`;
    model.rememberLastUpdateFor = (message) => model._expectedEchoMsgIds.set("sent", message);
  }
  enter("age", 51);
  age._msg_buffer = { value: 52 }; // ipywidgets keeps it until the kernel has answered 51
  entries.note("age");
  assert.deepEqual(order, []);
  entries.note("symptoms");
  assert.deepEqual(order, [["age", { value: 52 }]]);
  assert.equal(age._msg_buffer, null);
  assert.equal(age._expectedEchoMsgIds.get("sent"), "1");
  symptoms._msg_buffer = { index: 1 };
  entries.sendWaiting();
  assert.deepEqual(order.slice(1), [["symptoms", { index: 1 }]]);
});

test("a slider's value is not sent after that of its box, which was entered later", () => {
  const box = new Model({ value: "50", description: "Age, years" });
  controls["age-box"] = [box, "value"];
  entries = new Entries(controls, []);
  enter("age", 51);
  entries.ask();
  enter("age", 52, "m1");
  enter("age-box", "55", "m2");
  box._pending_msgs = 0;
  const found = entries.settle({ age: 55, "age-box": "55", symptoms: 0 });
  assert.deepEqual(age.sent, []);
  assert.equal(age.get("value"), 55);
  assert.deepEqual(found, { dropped: [], files: [] });
});

test("a file whose button had no answer may be lost", () => {
  const button = new Model({ value: [{ name: "own.csv" }] });
  button._pending_msgs = 1;
  entries = new Entries(controls, [button]);
  entries.ask();
  assert.deepEqual(entries.settle({ age: 50, symptoms: 0 }), { dropped: [], files: ["own.csv"] });
  assert.equal(button._pending_msgs, 0);
});

test("an answered entry is forgotten", () => {
  enter("age", 55);
  age._pending_msgs = 0;
  entries.forget();
  assert.equal(entries.any, false);
});

test("inputs are said in words", () => {
  assert.equal(inWords(controls.age, 55, undefined), "Age 55 years");
  assert.equal(inWords(controls.age, "", undefined), "Age not entered");
  assert.equal(inWords(controls.symptoms, 1, undefined), "Symptoms yes");
  assert.equal(inWords(controls.symptoms, true, "Pain"), "Pain: yes");
});

test("what was not taken is offered, and entered at one press", () => {
  notTaken.add(
    { age: 50, symptoms: 0 },
    [
      ["age", 55],
      ["symptoms", 1],
    ],
    ["own.csv"],
  );
  const { node } = notTaken.offer;
  const [enterThem] = node.querySelectorAll("button");
  assert.equal(node.hidden, false);
  const said = "Age 55 years; Symptoms yes; the file own.csv (open it again if it is not there)";
  assert.equal(node.querySelector("p").textContent, `Not taken while the connection was lost: ${said}`);
  assert.equal(enterThem.textContent, "Enter them");
  enterThem.click();
  assert.equal(age.get("value"), 55);
  assert.equal(age.sent.length, 1);
  assert.equal(symptoms.get("index"), 1);
  // A file cannot be entered: it stays until it is dismissed.
  assert.equal(enterThem.hidden, true);
  assert.match(node.textContent, /own\.csv/);
  node.querySelectorAll("button")[1].click();
  assert.equal(node.hidden, true);
});

test("an input that is entered again is no longer offered", () => {
  notTaken.add({ age: 50, symptoms: 0 }, [["age", 55]], []);
  notTaken.forget("age");
  assert.equal(notTaken.offer.node.hidden, true);
});

test("a picture of another case leaves nothing, one of the same case leaves what it has not", () => {
  const told = { age: 50, symptoms: 0 };
  notTaken.add(told, [["age", 55]], []);
  assert.equal(notTaken.left(told, told).length, 1);
  assert.deepEqual(notTaken.left({ age: 70, symptoms: 1 }, told), []);
});

test("a choice that stands for another word in this version cannot be entered", () => {
  notTaken.set([{ name: "symptoms", value: 1, words: "Symptoms unknown" }]);
  assert.equal(notTaken.offer.node.querySelector("button").hidden, true);
});
