// The dashboard's strategy on its own: `scripts/test tests/test_dashboard_strategy.py` runs this with the node of Playwright.

import assert from "node:assert/strict";
import { readFileSync, readdirSync } from "node:fs";
import test from "node:test";

import {
  KEYS,
  MOST_TABS,
  describe,
  findPlants,
  generateDashboard,
  generateView,
  plantView,
  shouldRegenerate,
  showsOnly,
  textsOf,
} from "../../custom_components/solar_cloud/dashboard/strategy.mjs";

const TRANSLATIONS = new URL("../../custom_components/solar_cloud/translations/", import.meta.url);
const LANGUAGES = readdirSync(TRANSLATIONS).map((name) => name.replace(".json", ""));
const SOURCE = new URL("../../custom_components/solar_cloud/dashboard/strategy.mjs", import.meta.url);

/** Return the integration's texts in a language, as Home Assistant tells them: in English where there are none. */
function resources(language) {
  const found = LANGUAGES.includes(language) ? language : "en";
  const { common } = JSON.parse(readFileSync(new URL(`${found}.json`, TRANSLATIONS), "utf8"));
  return Object.fromEntries(Object.entries(common).map(([key, text]) => [`component.solar_cloud.common.${key}`, text]));
}

const TEXTS = await textsOf({ locale: { language: "en" }, callWS: async () => ({ resources: resources("en") }) });

/** What a frontend holds; `add` registers a plant or device with entities by "domain.translation_key". */
class Frontend {
  constructor({ language = "en", admin = true, preferences = null } = {}) {
    this.hass = {
      entities: {},
      devices: {},
      locale: { language },
      user: { is_admin: admin },
      config: { components: ["energy"] },
      callWS: async ({ type, category, integration, language }) => {
        if (type === "frontend/get_translations") {
          assert.deepEqual([category, integration], ["common", ["solar_cloud"]]);
          return { resources: resources(language) };
        }
        assert.equal(type, "energy/get_prefs");
        if (preferences === null) throw Object.assign(new Error("No prefs"), { code: "not_found" });
        if (preferences instanceof Error) throw preferences;
        return preferences;
      },
    };
  }

  add(id, keys, device = {}, entity = {}) {
    this.hass.devices[id] = { id, name: id, manufacturer: "Maker", entry_type: null, via_device_id: null, ...device };
    for (const key of keys) {
      const [domain, translation_key] = key.split(".");
      // Ids as a user may have made them: nothing can be read from them.
      const entity_id = `${domain}.x${Object.keys(this.hass.entities).length}`;
      this.hass.entities[entity_id] = { entity_id, platform: "solar_cloud", device_id: id, translation_key, ...entity };
    }
    return this;
  }

  plant(id, keys = PLANT, device = {}) {
    return this.add(id, keys, { entry_type: "service", ...device });
  }

  id(device, key) {
    const [domain, word] = key.split(".");
    return Object.values(this.hass.entities).find(
      (each) => each.device_id === device && each.translation_key === word && each.entity_id.startsWith(`${domain}.`),
    )?.entity_id;
  }

  get view() {
    return async (name, sources) => {
      const plant = findPlants(this.hass).find(({ id }) => id === name);
      return plantView(this.hass, plant, sources ?? [], await textsOf(this.hass));
    };
  }
}

const PLANT = [
  ...new Set([...KEYS.power, ...KEYS.sources, ...KEYS.uses, ...KEYS.today, ...KEYS.hourlySources, ...KEYS.hourlyUses]),
  KEYS.soc,
  KEYS.alarms,
  "sensor.last_report",
];

const cardsOf = (view) => view.sections.flatMap(({ cards }) => cards);
const headings = (view) => cardsOf(view).filter(({ type }) => type === "heading").map(({ heading }) => heading);
const sectionOf = (view, heading) => view.sections.find(({ cards }) => cards[0].heading === heading);
const types = (section) => section.cards.map(({ type }) => type);

/** Every entity id named anywhere in a configuration. */
function mentioned(config) {
  return JSON.stringify(config).match(/"(sensor|binary_sensor|number|select|switch|button)\.[a-z0-9_]+"/g) ?? [];
}

const energy = (frontend, plant) => [
  {
    type: "solar",
    stat_energy_from: frontend.id(plant, "sensor.pv_energy_total"),
    stat_rate: frontend.id(plant, "sensor.pv_power"),
  },
  {
    type: "battery",
    stat_energy_from: frontend.id(plant, "sensor.battery_discharge_energy_total"),
    stat_energy_to: frontend.id(plant, "sensor.battery_charge_energy_total"),
    capacity: 10,
  },
];

test("without a plant an administrator is led to adding an account, others are told whom to ask", async () => {
  for (const admin of [true, false]) {
    const { views } = await generateDashboard(new Frontend({ admin }).hass);
    assert.equal(views.length, 1);
    const [card] = views[0].cards;
    assert.equal(card.title, TEXTS.no_plant);
    assert.equal(card.content, admin ? TEXTS.no_plant_text : TEXTS.ask_admin);
    assert.equal(card.buttons?.length, admin ? 2 : undefined);
  }
});

test("one plant is its own first view", async () => {
  const { hass } = new Frontend().plant("House");
  const { views } = await generateDashboard(hass);
  assert.deepEqual(views, [
    { title: "House", path: "House", subview: false, strategy: { type: "custom:solar-cloud", plant: "House" } },
  ]);
});

test("several plants have an overview that leads to each", async () => {
  const frontend = new Frontend().plant("B").plant("A", undefined, { name_by_user: "C" }).plant("A10").plant("A9");
  const { views } = await generateDashboard(frontend.hass);
  assert.deepEqual(views.map(({ title }) => title), ["Overview", "A9", "A10", "B", "C"]);
  const links = cardsOf(views[0]).flatMap(({ type, tap_action: tap }) => (type === "heading" && tap ? [tap.navigation_path] : []));
  assert.deepEqual(links, ["A9", "A10", "B", "A"]);
});

test("two plants of one name are told apart by their makers", () => {
  const frontend = new Frontend()
    .plant("one", PLANT, { name: "Home", manufacturer: "North" })
    .plant("two", PLANT, { name: "Home", manufacturer: "South" });
  assert.deepEqual(findPlants(frontend.hass).map(({ name }) => name), ["Home (North)", "Home (South)"]);
});

test("three hundred plants of three makers are the rows of a table; no plant's cards are made before its view is opened", async () => {
  const frontend = new Frontend();
  for (let number = 1; number <= 300; number += 1) {
    frontend.plant(`Home ${number}`, [...PLANT, KEYS.connection, KEYS.plantState, KEYS.dataAge], { manufacturer: ["North", "South", "West"][number % 3] });
    frontend.add(`Inverter ${number}`, [KEYS.problem], { via_device_id: `Home ${number}` });
  }
  const { views } = await generateDashboard(frontend.hass);
  assert.equal(views.length, 301);
  assert.ok(views.slice(1).every(({ subview, cards, sections }) => subview && !cards && !sections));
  assert.deepEqual(headings(views[0]), ["Needs attention", "Plants"]);
  const [, table] = sectionOf(views[0], "Plants").cards;
  assert.equal(table.type, "custom:solar-cloud-plants");
  assert.equal(table.plants.length, 300);
  assert.deepEqual(table.plants[0], {
    id: "Home 1",
    name: "Home 1",
    maker: "South",
    connection: frontend.id("Home 1", KEYS.connection),
    power: frontend.id("Home 1", "sensor.pv_power"),
    today: frontend.id("Home 1", "sensor.pv_energy_today"),
    state: frontend.id("Home 1", KEYS.plantState),
    alarms: frontend.id("Home 1", KEYS.alarms),
    age: frontend.id("Home 1", KEYS.dataAge),
  });
  assert.ok(300 > MOST_TABS);
});

test("the device of all plants is shown above them, and is none of them", async () => {
  const frontend = new Frontend().plant("A").plant("B");
  const before = await generateDashboard(frontend.hass);
  frontend.plant("Sum", ["sensor.pv_power", "sensor.plants_offline"], { model: "All plants" });
  assert.deepEqual(findPlants(frontend.hass).map(({ id }) => id), ["A", "B"]);
  const { views } = await generateDashboard(frontend.hass);
  assert.deepEqual(headings(before.views[0]), ["Needs attention", "A", "B"]);
  assert.deepEqual(headings(views[0]), ["Sum", "Needs attention", "A", "B"]);
  const [, power, offline] = sectionOf(views[0], "Sum").cards;
  assert.deepEqual([power, offline].map(({ entity }) => entity), [
    frontend.id("Sum", "sensor.pv_power"),
    frontend.id("Sum", "sensor.plants_offline"),
  ]);
});

test("what needs attention is there while it does, under the names of plant and device", async () => {
  const frontend = new Frontend()
    .plant("Home", [KEYS.alarms])
    .plant("Barn", [KEYS.soc])
    .add("Home Inverter", [KEYS.problem], { via_device_id: "Home" });
  const { views } = await generateDashboard(frontend.hass);
  const attention = sectionOf(views[0], "Needs attention");
  const [alarms, problem] = [frontend.id("Home", KEYS.alarms), frontend.id("Home Inverter", KEYS.problem)];
  const [some, on] = [{ condition: "numeric_state", above: 0 }, { condition: "state", state: "on" }];
  assert.deepEqual(attention.cards[1].entities, [
    { entity: alarms, name: "Home", conditions: [some] },
    { entity: problem, name: "Home Inverter", conditions: [on] },
  ]);
  const conditions = [{ ...some, entity: alarms }, { ...on, entity: problem }];
  assert.deepEqual(attention.visibility, [{ condition: "or", conditions }]);
});

test("entities are found by their keys, never by ids, and only ours", async () => {
  const frontend = new Frontend().plant("Home", ["sensor.pv_power"]);
  frontend.add("Other", ["sensor.load_power"], { entry_type: "service" }, { platform: "elsewhere" });
  assert.deepEqual(findPlants(frontend.hass).map(({ id }) => id), ["Home"]);
  assert.deepEqual(mentioned(await frontend.view("Home")), [`"${frontend.id("Home", "sensor.pv_power")}"`]);
});

test("the account's own device is no plant", () => {
  const frontend = new Frontend().plant("Home", ["sensor.pv_power"]);
  frontend.add("SolaX account", ["sensor.last_error"], { entry_type: "service", model: "Account" });
  assert.deepEqual(findPlants(frontend.hass).map(({ id }) => id), ["Home"]);
});

test("what the user hid stays hidden", () => {
  const frontend = new Frontend().add("Home", ["sensor.pv_power"], { entry_type: "service" }, { hidden: true });
  assert.deepEqual(findPlants(frontend.hass), []);
});

test("a device two steps below belongs to the plant; a ring of devices belongs to none", () => {
  const frontend = new Frontend()
    .plant("Home")
    .add("Home Inverter", [KEYS.state[0]], { via_device_id: "Home" })
    .add("Home Battery", [KEYS.state[0]], { via_device_id: "Home Inverter" })
    .add("left", [KEYS.state[0]], { via_device_id: "right" })
    .add("right", [KEYS.state[0]], { via_device_id: "left" });
  const [plant] = findPlants(frontend.hass);
  assert.deepEqual(plant.devices.map(({ name }) => name), ["Battery", "Inverter"]);
});

test("a section without anything to show is not there", async () => {
  const frontend = new Frontend().plant("Home", ["sensor.pv_power"]);
  assert.deepEqual(headings(await frontend.view("Home")), ["Now"]);
});

test("power and energy are the plant's own, unless the Energy Dashboard shows this plant alone", async () => {
  const frontend = new Frontend().plant("Home").plant("Barn");
  const own = energy(frontend, "Home");
  const apart = await frontend.view("Home", [...own, ...energy(frontend, "Barn")]);
  assert.deepEqual(types(sectionOf(apart, "Now")).slice(-2), ["distribution", "distribution"]);
  assert.deepEqual(types(sectionOf(apart, "Today")).slice(-2), ["statistics-graph", "statistics-graph"]);

  const alone = await frontend.view("Home", [...own, { type: "gas", stat_energy_from: "sensor.gas" }]);
  assert.equal(types(sectionOf(alone, "Now")).at(-1), "power-sankey");
  assert.equal(types(sectionOf(alone, "Today")).at(-1), "energy-usage-graph");
  assert.ok(!JSON.stringify(await frontend.view("Barn", own)).includes("energy-usage-graph"));
});

test("before the first full hour the graphs are a sentence, not an error", async () => {
  const config = { plant: "Home" };
  for (const [hours, last] of [[[], "markdown"], [[{ change: 1 }], "statistics-graph"]]) {
    const { hass } = new Frontend().plant("Home");
    const asked = hass.callWS;
    hass.config.components.push("recorder");
    hass.callWS = async (query) => {
      if (query.type !== "recorder/statistics_during_period") return asked(query);
      assert.equal(query.period, "hour");
      return hours.length ? { [query.statistic_ids[0]]: hours } : {};
    };
    const today = sectionOf(await generateView(config, hass), "Today");
    assert.equal(types(today).at(-1), last);
    assert.equal(JSON.stringify(today).includes(TEXTS.no_bars), last === "markdown");
  }
});

test("with what is enabled at first there is still a picture of where the power comes from", async () => {
  const frontend = new Frontend().plant("Home", KEYS.power);
  const [, ...cards] = sectionOf(await frontend.view("Home"), "Now").cards;
  assert.deepEqual(cards.map(({ type }) => type), ["tile", "tile", "tile", "tile", "distribution"]);
  const shown = cards.at(-1).entities.map(({ entity }) => entity);
  assert.deepEqual(shown, ["pv_power", "grid_power", "battery_power"].map((word) => frontend.id("Home", `sensor.${word}`)));
});

test("grid sources of the older form count, too", () => {
  const [plant] = findPlants(new Frontend().plant("Home").hass);
  const foreign = { type: "grid", flow_from: [{ stat_energy_from: "sensor.other" }], flow_to: [] };
  const own = { type: "grid", flow_from: [{ stat_energy_from: plant.entities.get("sensor.grid_import_energy_total") }] };
  assert.equal(showsOnly([foreign], plant), false);
  assert.equal(showsOnly([own], plant), true);
  assert.equal(showsOnly([], plant), false);
});

test("the overview has the Energy Dashboard's picture if one of the plants is in it", async () => {
  for (const [counted, plant] of [[true, "Home"], [false, null]]) {
    const preferences = { energy_sources: [] };
    const frontend = new Frontend({ preferences }).plant("Home").plant("Barn");
    if (plant) preferences.energy_sources = energy(frontend, plant);
    const { views } = await generateDashboard(frontend.hass);
    assert.equal(JSON.stringify(views).includes("energy-distribution"), counted);
  }
});

test("an Energy Dashboard that is not set up is no error; any other answer is", async () => {
  const config = { plant: "Home" };
  assert.ok(await generateView(config, new Frontend().plant("Home").hass));
  const broken = new Frontend({ preferences: new Error("lost") }).plant("Home");
  await assert.rejects(generateView(config, broken.hass), /lost/);
  broken.hass.config.components = [];
  assert.ok(await generateView(config, broken.hass));
});

const time = (view) => sectionOf(view, "Battery").cards.find(({ type }) => type === "markdown")?.content;

test("without a known capacity nothing is said of the time to full", async () => {
  const frontend = new Frontend().plant("Home");
  assert.equal(time(await frontend.view("Home")), undefined);
  frontend.add("one", [KEYS.soc, KEYS.remaining], { via_device_id: "Home" });
  assert.ok(time(await frontend.view("Home")));
  frontend.add("two", [KEYS.soc], { via_device_id: "Home" });
  assert.equal(time(await frontend.view("Home")), undefined);
  assert.ok(time(await frontend.view("Home", energy(frontend, "Home"))));
});

test("controls are there when they are, daily ones as tiles, the rest in a list, a charger's with the charger", async () => {
  const frontend = new Frontend()
    .plant("Home", [...PLANT, "button.refresh", "button.import_history"])
    .add("Home Charger", [KEYS.chargerMark, "switch.charging"], { via_device_id: "Home" });
  assert.equal(sectionOf(await frontend.view("Home"), "Controls"), undefined);
  frontend.add("Home Inverter", ["select.work_mode"], { via_device_id: "Home" });
  frontend.add("Home Battery", ["number.battery_min_soc"], { via_device_id: "Home" }, { entity_category: "config" });
  const view = await frontend.view("Home");
  const [, mode, settings] = sectionOf(view, "Controls").cards;
  assert.deepEqual(mode.features, [{ type: "select-options" }]);
  assert.deepEqual(mode.name, [{ type: "text", text: "Inverter" }, { type: "entity" }]);
  assert.equal(settings.entities[0].entity, frontend.id("Home Battery", "number.battery_min_soc"));
  // A switch in the title would turn all switches of the list at a touch.
  assert.equal(settings.show_header_toggle, false);
  assert.ok(sectionOf(view, "EV charger").cards.some(({ entity }) => entity === frontend.id("Home Charger", "switch.charging")));
});

test("a finger that scrolls sets nothing", async () => {
  const keys = ["number.charge_current_limit", "switch.charging", "select.charger_mode", "button.charger_lock"];
  const frontend = new Frontend().plant("Home").add("Charger", [KEYS.chargerMark, ...keys], { via_device_id: "Home" });
  frontend.add("Battery", ["number.battery_min_soc"], { via_device_id: "Home" }, { entity_category: "config" });
  const view = await frontend.view("Home");
  assert.deepEqual(cardsOf(view).flatMap((card) => card.features ?? []), [{ type: "select-options" }]);
  assert.equal(sectionOf(view, "Controls").cards[1].entities[0].type, "simple-entity");
});

test("alarms come with cause and advice in the vendor's words and what to do else, repairs only for those who may mend", async () => {
  for (const admin of [true, false]) {
    const frontend = new Frontend({ admin }).plant("Home");
    const [, count, advice] = sectionOf(await frontend.view("Home"), "Alarms").cards;
    assert.equal(count.entity, frontend.id("Home", KEYS.alarms));
    for (const shown of ["name", "device", "raised_at", "cause", "advice"])
      assert.ok(advice.content.includes(`alarm.${shown}`), shown);
    assert.equal(advice.content.includes("/config/repairs"), admin);
    assert.deepEqual(advice.visibility, [{ condition: "numeric_state", entity: count.entity, above: 0 }]);
  }
});

test("a plant that is gone is said to be", async () => {
  const { cards } = await generateView({ plant: "gone" }, new Frontend().plant("Home").hass);
  assert.equal(cards[0].content, TEXTS.gone);
});

test("texts are the user's, English where there are none", async () => {
  const german = new Frontend({ language: "de" }).plant("Haus");
  assert.ok(headings(await german.view("Haus")).includes("Jetzt"));
  const unknown = new Frontend({ language: "xx" }).plant("Home");
  assert.ok(headings(await unknown.view("Home")).includes("Now"));
});

test("every text is used, and every text that is used is there", () => {
  const used = readFileSync(SOURCE, "utf8").matchAll(/texts\.(\w+)/g);
  assert.deepEqual([...new Set([...used].map(([, key]) => key))].sort(), Object.keys(TEXTS).sort());
});

test("it is offered in every language the integration speaks", () => {
  for (const language of LANGUAGES) {
    assert.ok(describe(language), language);
    assert.equal(describe(language) === describe("en"), language === "en", language);
  }
  assert.equal(describe("de-CH"), describe("de"));
  assert.equal(describe("xx"), describe("en"));
  assert.equal(describe(undefined), describe("en"));
});

test("it is built anew for names, devices and language, not for values", () => {
  const { hass } = new Frontend().plant("Home");
  assert.equal(shouldRegenerate(hass, { ...hass, states: {} }), false);
  assert.equal(shouldRegenerate(hass, { ...hass, entities: {} }), true);
  assert.equal(shouldRegenerate(hass, { ...hass, devices: {} }), true);
  assert.equal(shouldRegenerate(hass, { ...hass, locale: { language: "de" } }), true);
});

test("it depends on nothing", () => {
  assert.doesNotMatch(readFileSync(SOURCE, "utf8"), /^\s*import\b|\bimport\(|\bfetch\(|https?:\/\/(?!github\.com\/solar-cloud-ha)/m);
});

/** A registry of elements that keeps what is defined, and lets waiting for the frontend end by hand. */
class Elements {
  defined = new Map();

  constructor() {
    this.started = new Promise((resolve) => (this.start = resolve));
  }

  whenDefined(name) {
    assert.equal(name, "home-assistant");
    return this.started;
  }

  get(name) {
    return this.defined.get(name);
  }

  define(name, element) {
    this.defined.set(name, element);
  }
}

test("in a frontend it registers once, when that has started, and offers itself where dashboards are added", async () => {
  const elements = new Elements();
  Object.assign(globalThis, {
    HTMLElement: class {},
    customElements: elements,
    window: globalThis,
    document: { documentElement: { lang: "de" } },
  });
  await import(`${SOURCE}?first`);
  assert.equal(elements.defined.size, 0);
  elements.start();
  await import(`${SOURCE}?second`);
  await elements.started;
  assert.deepEqual([...elements.defined.keys()], ["ll-strategy-dashboard-solar-cloud", "ll-strategy-view-solar-cloud"]);
  assert.equal(globalThis.customStrategies.length, 1);
  const [offer] = globalThis.customStrategies;
  assert.deepEqual([offer.type, offer.strategyType], ["solar-cloud", "dashboard"]);
  assert.equal(offer.description, describe("de"));

  const { hass } = new Frontend().plant("Home");
  const dashboard = elements.get("ll-strategy-dashboard-solar-cloud");
  const view = elements.get("ll-strategy-view-solar-cloud");
  const { views } = await dashboard.generate({}, hass);
  assert.ok((await view.generate(views[0].strategy, hass)).sections.length);
  assert.equal(dashboard.getCreateSuggestions().title, "Solar Cloud");
  assert.equal(dashboard.shouldRegenerate({}, hass, hass), false);
  assert.equal(view.shouldRegenerate({}, hass, hass), false);
});
