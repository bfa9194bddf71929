// The table of many plants, without a browser: what its cells say, and in which order its rows are.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import test from "node:test";

import { COLUMNS, cellsOf, entitiesOf, matches, sorted } from "../../custom_components/solar_cloud/dashboard/plants_table.mjs";

const SOURCE = new URL("../../custom_components/solar_cloud/dashboard/plants_table.mjs", import.meta.url);

/** A frontend of these states, each given as [state, unit]. */
function frontend(states) {
  return {
    states: Object.fromEntries(
      Object.entries(states).map(([id, [state, unit]]) => [id, { state: String(state), attributes: { unit_of_measurement: unit } }]),
    ),
    formatEntityState: ({ state, attributes }) => [state, attributes.unit_of_measurement].filter(Boolean).join(" "),
  };
}

const PLANT = {
  id: "1",
  name: "Barn",
  maker: "North",
  connection: "connection",
  state: "state",
  power: "power",
  today: "today",
  alarms: "alarms",
  age: "age",
};
const ALL = {
  connection: ["on"],
  state: ["online"],
  power: [1200, "W"],
  today: [7.5, "kWh"],
  alarms: [0],
  age: [130, "s"],
};
const cells = (states, plant = PLANT) => cellsOf(frontend({ ...ALL, ...states }), plant);
const texts = (row) => Object.fromEntries(Object.entries(row).map(([key, { text }]) => [key, text]));

test("a row says plant, state, power, energy of today, alarms and age", () => {
  assert.deepEqual(texts(cells({})), {
    name: "Barn",
    state: "online",
    power: "1200 W",
    today: "7.5 kWh",
    alarms: "0",
    age: "130 s",
  });
  assert.deepEqual(Object.keys(cells({})), COLUMNS.map(({ key }) => key));
  assert.deepEqual(entitiesOf(PLANT), ["connection", "state", "power", "today", "alarms", "age"]);
});

test("what is wrong comes first: no cloud, no live values, and then what the vendor says", () => {
  const fault = { state: ["fault"] };
  assert.equal(cells({ ...fault, connection: ["off"], power: ["unavailable"] }).state.text, "off");
  assert.equal(cells({ ...fault, power: ["unavailable"] }).state.text, "unavailable");
  assert.equal(cells(fault).state.text, "fault");
  assert.equal(cells({ state: ["unknown"] }).state.text, "on");
  assert.equal(cells({}, { ...PLANT, state: undefined }).state.text, "on");
  for (const [state, bad] of [["fault", true], ["offline", true], ["online", false]]) assert.equal(cells({ state: [state] }).state.bad, bad);
});

test("what is not known is not zero", () => {
  const row = cells({ power: ["unavailable"], today: ["unknown"], alarms: ["unavailable"] }, { ...PLANT, age: undefined });
  assert.deepEqual([row.power, row.today, row.alarms, row.age].map(({ text, sort }) => [text, sort]), Array(4).fill(["–", null]));
  assert.equal(row.alarms.bad, false);
  assert.equal(cells({ alarms: [2] }).alarms.bad, true);
});

test("numbers are compared in one unit", () => {
  assert.equal(cells({ power: [1.2, "kW"] }).power.sort, cells({ power: [1200, "W"] }).power.sort);
  assert.equal(cells({ today: [0.02, "MWh"] }).today.sort, cells({ today: [20, "kWh"] }).today.sort);
  assert.equal(cells({ age: [5, "min"] }).age.sort, cells({ age: [300, "s"] }).age.sort);
});

test("three hundred rows are sorted by any column, what has no number last, equals by name", () => {
  const rows = Array.from({ length: 300 }, (_, number) => {
    const plant = { ...PLANT, name: `Home ${300 - number}` };
    return { plant, cells: cells({ power: number % 3 ? [number % 7, "W"] : ["unavailable"], alarms: [0] }, plant) };
  });
  const names = (column, down) => sorted(rows, { column, down }, "en").map(({ plant }) => plant.name);
  assert.deepEqual(names("name", false).slice(0, 3), ["Home 1", "Home 2", "Home 3"]);
  assert.equal(names("name", true)[0], "Home 300");
  for (const down of [false, true]) {
    const powers = sorted(rows, { column: "power", down }, "en").map((row) => row.cells.power.sort);
    assert.ok(powers.slice(-100).every((power) => power === null));
    const known = powers.slice(0, 200);
    assert.deepEqual(known, [...known].sort((one, other) => (down ? other - one : one - other)));
  }
  assert.deepEqual(names("alarms", true).slice(0, 2), ["Home 1", "Home 2"]);
});

test("words are looked for in name, maker and state", () => {
  const row = { plant: PLANT, cells: cells({}) };
  for (const [query, found] of [["", true], ["bar", true], ["NORTH", true], ["barn online", true], ["barn south", false]]) {
    assert.equal(matches(row, query), found, query);
  }
});

test("it depends on nothing", () => {
  assert.doesNotMatch(readFileSync(SOURCE, "utf8"), /^\s*import\b|\bimport\(|\bfetch\(|https?:/m);
});
