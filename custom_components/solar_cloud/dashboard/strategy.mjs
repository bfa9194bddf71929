/**
 * The dashboard of Solar Cloud: views for every plant, made of Home Assistant's own cards.
 *
 * A strategy is asked by the frontend for views each time a dashboard is opened, and again when entities or devices
 * change. It stores nothing, so it edits nothing. Names of entities are Home Assistant's; what only this file says is in
 * the integration's translations. docs/dashboard.md tells users what they see.
 */

const PLATFORM = "solar_cloud";
const STRATEGY = "custom:solar-cloud";
const COLLECTION = "energy_solar_cloud";

/** With more plants the overview has a table of them, and their views have no tab. */
export const MOST_TABS = 6;

/**
 * What is found, and by what: "domain.translation_key" of an entity of our platform that is enabled and not hidden, on
 * the device in question. A plant is a device of ours with entry type "service"; a device belongs to the plant it
 * reaches by via_device_id. Entity ids and names are never read.
 */
export const KEYS = {
  // On the plant
  power: ["sensor.pv_power", "sensor.load_power", "sensor.grid_power", "sensor.battery_power"],
  // Positive towards the house, and the card leaves out what is not positive.
  sources: ["sensor.pv_power", "sensor.grid_power", "sensor.battery_power"],
  // Off at first, but for the load; without them there is no such card.
  uses: ["sensor.load_power", "sensor.grid_export_power", "sensor.battery_charge_power"],
  today: [
    "sensor.pv_energy_today",
    "sensor.load_energy_today",
    "sensor.grid_import_energy_today",
    "sensor.grid_export_energy_today",
    "sensor.self_sufficiency_rate",
    "sensor.self_consumption_rate",
    "sensor.income_today",
    "sensor.co2_saved_today",
  ],
  // Lifetime counters: hours that were filled or imported later are in their statistics, not in those of today's.
  hourlySources: [
    "sensor.pv_energy_total",
    "sensor.grid_import_energy_total",
    "sensor.battery_discharge_energy_total",
  ],
  hourlyUses: ["sensor.load_energy_total", "sensor.grid_export_energy_total", "sensor.battery_charge_energy_total"],
  soc: "sensor.battery_soc",
  batteryPower: "sensor.battery_power",
  battery: ["sensor.battery_power", "sensor.battery_charge_energy_today", "sensor.battery_discharge_energy_today"],
  alarms: "sensor.active_alarms",
  quality: [
    "binary_sensor.cloud_connection",
    "sensor.last_report",
    "sensor.data_age",
    "sensor.plant_state",
    "sensor.api_calls_left",
    "sensor.api_calls_today",
    "sensor.rejected_values",
    "sensor.import_progress",
    "button.refresh",
  ],
  // In the table of many plants
  tablePower: ["sensor.pv_power", "sensor.load_power", "sensor.grid_power", "sensor.battery_power"],
  tableToday: ["sensor.pv_energy_today", "sensor.load_energy_today", "sensor.grid_import_energy_today"],
  connection: "binary_sensor.cloud_connection",
  plantState: "sensor.plant_state",
  dataAge: "sensor.data_age",
  // On the device of all plants
  allPlants: [
    "sensor.pv_power",
    "sensor.load_power",
    "sensor.grid_power",
    "sensor.battery_power",
    "sensor.pv_energy_today",
    "sensor.plants_offline",
    "sensor.active_alarms",
    "sensor.oldest_data_age",
  ],
  // On the devices below it
  charger: [
    "sensor.operating_state",
    "binary_sensor.vehicle_connected",
    "sensor.charger_power",
    "sensor.charger_energy_session",
  ],
  chargerMark: "sensor.charger_power",
  state: ["sensor.operating_state", "binary_sensor.online"],
  batteryMarks: [
    "sensor.battery_soc",
    "sensor.battery_soh",
    "sensor.battery_temperature",
    "sensor.battery_energy_remaining",
    "sensor.battery_capacity",
  ],
  remaining: "sensor.battery_energy_remaining",
  capacity: "sensor.battery_capacity",
  problem: "binary_sensor.problem",
  // On both
  minSoc: "number.battery_min_soc",
  maxSoc: "number.battery_max_soc",
  // Of commands: there while they say something, and gone when there is nothing to wait for.
  lastCommand: "sensor.last_command",
  forcedModeEnds: "sensor.forced_mode_ends",
  // Not a setting, though of a platform of settings
  noControl: ["button.refresh", "button.import_history"],
};

/**
 * Platforms of settings, and what a tile of one can do without being opened. No slider: who scrolls on a phone must not
 * set an inverter.
 */
const CONTROLS = { select: [{ type: "select-options" }], switch: [], number: [], button: [] };

const COLORS = [
  ["pv_", "amber"],
  ["load_", "blue"],
  ["grid_export_", "purple"],
  ["grid_", "indigo"],
  ["battery_charge_", "pink"],
  ["battery_", "teal"],
];

/** Asked for before the frontend can ask for texts. */
const DESCRIPTIONS = {
  en: "All plants of your accounts: power, energy, battery, charger, alarms",
  de: "Alle Anlagen deiner Konten: Leistung, Energie, Batterie, Wallbox, Alarme",
  cs: "Všechny elektrárny vašich účtů: výkon, energie, baterie, nabíječka, alarmy",
  da: "Alle anlæg på dine konti: effekt, energi, batteri, ladeboks, alarmer",
  el: "Όλοι οι σταθμοί των λογαριασμών σας: ισχύς, ενέργεια, μπαταρία, φορτιστής, συναγερμοί",
  es: "Todas las plantas de tus cuentas: potencia, energía, batería, cargador, alarmas",
  fi: "Tiliesi kaikki voimalat: teho, energia, akku, laturi, hälytykset",
  fr: "Toutes les installations de vos comptes : puissance, énergie, batterie, borne de recharge, alarmes",
  hu: "Fiókjainak összes erőműve: teljesítmény, energia, akkumulátor, töltő, riasztások",
  it: "Tutti gli impianti dei tuoi account: potenza, energia, batteria, wallbox, allarmi",
  ja: "アカウントのすべての発電所：電力、電力量、蓄電池、EV充電器、アラーム",
  nb: "Alle anlegg på kontoene dine: effekt, energi, batteri, lader, alarmer",
  nl: "Alle installaties van je accounts: vermogen, energie, batterij, laadpaal, alarmen",
  pl: "Wszystkie instalacje z Twoich kont: moc, energia, bateria, ładowarka, alarmy",
  pt: "Todas as instalações das suas contas: potência, energia, bateria, carregador, alarmes",
  "pt-BR": "Todas as usinas das suas contas: potência, energia, bateria, carregador, alarmes",
  ro: "Toate instalațiile conturilor tale: putere, energie, baterie, stație de încărcare, alarme",
  sv: "Alla anläggningar i dina konton: effekt, energi, batteri, laddbox, larm",
  tr: "Hesaplarınızdaki tüm santraller: güç, enerji, batarya, şarj cihazı, alarmlar",
  uk: "Усі станції ваших облікових записів: потужність, енергія, батарея, зарядний пристрій, аварійні сигнали",
  "zh-Hans": "您账户中的所有电站：功率、电量、电池、充电桩、告警",
};

/** Return what the dialog of new dashboards says of this one, in English where a language has no words for it. */
export function describe(language) {
  return DESCRIPTIONS[language] ?? DESCRIPTIONS[language?.split("-")[0]] ?? DESCRIPTIONS.en;
}

/** The texts by language. Asked for once: a view that waits for them may be replaced meanwhile, and would come back. */
const known = new Map();

/** Return the texts in the user's language: those of the integration's translations that begin with "dashboard_". */
export async function textsOf(hass) {
  const { language } = hass.locale;
  if (!known.has(language)) {
    const { resources } = await hass.callWS({
      type: "frontend/get_translations",
      language,
      category: "common",
      integration: [PLATFORM],
    });
    const prefix = `component.${PLATFORM}.common.dashboard_`;
    const texts = Object.entries(resources).map(([key, text]) => [key.slice(prefix.length), text]);
    known.set(language, Object.fromEntries(texts));
  }
  return known.get(language);
}

// What there is

/** Return our devices that show anything, by id: their entities by key, and all of them in a list. */
function findOwners(hass) {
  const found = new Map();
  for (const entity of Object.values(hass.entities)) {
    if (entity.platform !== PLATFORM || entity.hidden || !entity.translation_key) continue;
    const device = hass.devices[entity.device_id];
    if (!device) continue;
    if (!found.has(device.id)) found.set(device.id, { id: device.id, device, entities: new Map(), list: [] });
    const { entities, list } = found.get(device.id);
    const key = `${entity.entity_id.split(".")[0]}.${entity.translation_key}`;
    if (!entities.has(key)) entities.set(key, entity.entity_id);
    list.push({ key, id: entity.entity_id, category: entity.entity_category ?? null });
  }
  return found;
}

/**
 * Return the plants, each with its entities and its devices, in the order of their names.
 *
 * Entities are ids by key; devices hold entities alike.
 */
export function findPlants(hass) {
  const found = findOwners(hass);
  const language = hass.locale.language;
  const byName = (one, other) => one.name.localeCompare(other.name, language, { numeric: true });
  const plants = [...found.values()].filter(({ device }) => isPlant(device));
  for (const plant of plants) Object.assign(plant, { name: nameOf(plant.device), devices: [] });
  const byId = new Map(plants.map((plant) => [plant.id, plant]));
  for (const each of found.values()) {
    if (isPlant(each.device)) continue;
    const plant = byId.get(plantOf(each.device, hass.devices));
    if (plant) plant.devices.push({ ...each, name: shortName(nameOf(each.device), plant.name) });
  }
  for (const plant of plants) plant.devices.sort(byName);
  tellApart(plants);
  return plants.sort(byName);
}

const ALL_PLANTS = "All plants";
const NO_PLANTS = ["Account", ALL_PLANTS];

/** Tell whether a device is a plant; what stands for an account, or for all plants, is a service, too. */
const isPlant = (device) => device.entry_type === "service" && !NO_PLANTS.includes(device.model);
const nameOf = (device) => device.name_by_user || device.name || "";

/** Return the device that adds all plants up; none where nobody asked for it. */
function findTotals(hass) {
  return [...findOwners(hass).values()].find(({ device }) => device.model === ALL_PLANTS);
}

/** Return the id of the plant a device hangs on, over any devices between. */
function plantOf(device, devices) {
  const seen = new Set();
  while (device && !isPlant(device) && !seen.has(device.id)) {
    seen.add(device.id);
    device = devices[device.via_device_id];
  }
  return device?.id;
}

/** On the plant's own view the plant's name before each of its devices says nothing. */
function shortName(name, plant) {
  return name.startsWith(`${plant} `) ? name.slice(plant.length + 1) : name;
}

/** Two plants of one name, one house with two vendors, get the vendor's added. */
function tellApart(plants) {
  const names = plants.map(({ name }) => name);
  for (const plant of plants) {
    const twin = names.filter((name) => name === plant.name).length > 1;
    if (twin && plant.device.manufacturer) plant.name += ` (${plant.device.manufacturer})`;
  }
}

const pick = (from, keys) => keys.map((key) => from.entities.get(key)).filter(Boolean);

/** Return the Energy Dashboard's sources; none where it is not set up, or not to be had. */
async function energySources(hass) {
  if (!hass.config.components.includes("energy")) return [];
  try {
    return (await hass.callWS({ type: "energy/get_prefs" })).energy_sources ?? [];
  } catch (error) {
    if (error?.code === "not_found") return [];
    throw error;
  }
}

const ENERGY_KINDS = new Set(["solar", "grid", "battery"]);

/** Return the statistics that an electrical source counts by. */
function countersOf(source) {
  if (!ENERGY_KINDS.has(source.type)) return [];
  const flows = [source, ...(source.flow_from ?? []), ...(source.flow_to ?? [])];
  return flows.flatMap((flow) => [flow.stat_energy_from, flow.stat_energy_to]).filter(Boolean);
}

const entitiesOf = (plant) => new Set([plant, ...plant.devices].flatMap(({ list }) => list.map(({ id }) => id)));

/**
 * Tell whether the Energy Dashboard shows this plant and no other electrical source: only then are its cards, which
 * know no plants, true on the plant's view.
 */
export function showsOnly(sources, plant) {
  const counters = sources.flatMap(countersOf);
  const own = entitiesOf(plant);
  return counters.length > 0 && counters.every((counter) => own.has(counter));
}

// Cards

const ENTITY = { type: "entity" };

const colorOf = (key) => COLORS.find(([start]) => key.startsWith(`sensor.${start}`))?.[1];

function tile(entity, options = {}) {
  return { type: "tile", entity, name: ENTITY, ...options };
}

function tiles(from, keys) {
  return keys
    .filter((key) => from.entities.has(key))
    .map((key) => tile(from.entities.get(key), optionsOf(key, from.entities.get(key))));
}

function optionsOf(key, entity) {
  if (key.startsWith("button.")) return { hide_state: true, tap_action: press(entity), icon_tap_action: press(entity) };
  return colorOf(key) ? { color: colorOf(key) } : {};
}

function press(entity) {
  return { action: "perform-action", perform_action: "button.press", target: { entity_id: entity } };
}

function heading(text, icon, options = {}) {
  return { type: "heading", heading: text, icon, ...options };
}

/** A section; none without anything below its heading. */
function section(head, cards) {
  const shown = cards.filter(Boolean);
  return shown.length ? { type: "grid", cards: [head, ...shown] } : null;
}

function entityRows(from, keys) {
  return keys
    .filter((key) => from.entities.has(key))
    .map((key) => ({ entity: from.entities.get(key), name: ENTITY, color: colorOf(key) }));
}

function distribution(title, plant, keys) {
  const entities = entityRows(plant, keys);
  return entities.length > 1 ? { type: "distribution", title, entities } : null;
}

function navigate(path) {
  return { action: "navigate", navigation_path: path };
}

// The sections of a plant

function nowSection(plant, sources, texts) {
  const flow = showsOnly(sources, plant) && sources.some((source) => source.stat_rate || source.power_config);
  return section(heading(texts.now, "mdi:flash"), [
    ...tiles(plant, KEYS.power),
    ...(flow
      ? [{ type: "power-sankey", title: texts.flow, collection_key: COLLECTION }]
      : [distribution(texts.sources, plant, KEYS.sources), distribution(texts.uses, plant, KEYS.uses)]),
  ]);
}

/** Tell whether the last day has an hour to show: before the first, graphs say that they found nothing. */
async function hasHours(hass, plant) {
  const statistic_ids = pick(plant, [...KEYS.hourlySources, ...KEYS.hourlyUses]);
  if (!statistic_ids.length || !hass.config.components.includes("recorder")) return true;
  const start_time = new Date(Date.now() - 24 * 3600 * 1000).toISOString();
  const query = { type: "recorder/statistics_during_period", statistic_ids, start_time, period: "hour", types: ["change"] };
  const found = await hass.callWS(query);
  return Object.values(found).some((hours) => hours.length > 0);
}

function todaySection(plant, sources, texts, hours) {
  const graphs = !hours
    ? [{ type: "markdown", content: texts.no_bars }]
    : showsOnly(sources, plant)
      ? [{ type: "energy-usage-graph", title: texts.hourly, collection_key: COLLECTION }]
      : [hourly(texts.hourly_sources, plant, KEYS.hourlySources), hourly(texts.hourly_uses, plant, KEYS.hourlyUses)];
  return section(heading(texts.today, "mdi:calendar-today"), [...tiles(plant, KEYS.today), ...graphs]);
}

function hourly(title, plant, keys) {
  const entities = entityRows(plant, keys);
  return entities.length
    ? {
        type: "statistics-graph",
        title,
        entities,
        stat_types: ["change"],
        chart_type: "bar-stack",
        period: "hour",
        days_to_show: 1,
      }
    : null;
}

function batterySection(plant, sources, texts) {
  const soc = plant.entities.get(KEYS.soc);
  if (!soc) return null;
  const time = timeTemplate(plant, sources, texts);
  return section(heading(texts.battery, "mdi:home-battery"), [
    { type: "gauge", entity: soc, name: ENTITY, min: 0, max: 100, severity: { red: 0, yellow: 15, green: 30 }, grid_options: { columns: 6, rows: 3 } },
    ...tiles(plant, KEYS.battery),
    time && { type: "markdown", content: time, show_empty: false, text_only: true },
    {
      type: "history-graph",
      entities: [{ entity: soc, name: ENTITY }],
      hours_to_show: 24,
      min_y_axis: 0,
      max_y_axis: 100,
    },
  ]);
}

/**
 * Return what the battery holds when full, in kWh, as a template; none where it is not told for sure.
 *
 * The Energy Dashboard may know it; else the one battery device must tell what is left in it, or its capacity.
 */
function capacityTemplate(plant, sources) {
  const own = entitiesOf(plant);
  const stored = sources.filter((source) => source.type === "battery");
  const known = stored.filter((source) => countersOf(source).every((counter) => own.has(counter)));
  if (known.length === 1 && known[0].capacity > 0) return String(known[0].capacity);
  const batteries = plant.devices.filter((device) => pick(device, KEYS.batteryMarks).length);
  if (batteries.length !== 1) return null;
  const [battery] = batteries;
  if (battery.entities.has(KEYS.capacity)) return inKilo(battery.entities.get(KEYS.capacity));
  const remaining = battery.entities.get(KEYS.remaining);
  // Near empty the quotient of two rounded numbers says nothing.
  return remaining ? `(${inKilo(remaining)} / soc * 100 if soc >= 10 else 0)` : null;
}

/** Return an entity's number in thousands of its base unit, whatever unit the user chose to see. */
function inKilo(entity) {
  const unit = `(state_attr('${entity}', 'unit_of_measurement') or '')[:1]`;
  return `(states('${entity}') | float(0) * {'W': 0.001, 'k': 1, 'M': 1000}.get(${unit}, 0))`;
}

/**
 * Return the template of when the battery reaches its limits; none where its capacity is not known.
 *
 * It is the remaining energy by the power of this moment, and says so. Home Assistant renders it anew with each value.
 */
function timeTemplate(plant, sources, texts) {
  const [soc, power] = [plant.entities.get(KEYS.soc), plant.entities.get(KEYS.batteryPower)];
  const capacity = capacityTemplate(plant, sources);
  if (!power || !capacity) return null;
  const controls = [plant, ...plant.devices];
  const limit = (key, otherwise) => {
    const entity = controls.map(({ entities }) => entities.get(key)).find(Boolean);
    return entity ? `states('${entity}') | float(${otherwise})` : otherwise;
  };
  const text = texts.reach.replace("{level}", "{{ level | round(0) | int }}").replace(
    "{time}",
    "{{ minutes // 60 }} h {{ '%02d' % (minutes % 60) }} min",
  );
  return [
    `{%- set soc = states('${soc}') | float(-1) -%}`,
    `{%- set power = ${inKilo(power)} -%}`,
    `{%- set level = ${limit(KEYS.maxSoc, 100)} if power < 0 else ${limit(KEYS.minSoc, 0)} -%}`,
    `{%- set full = ${capacity} if soc >= 0 else 0 -%}`,
    "{%- set missing = (soc - level) / 100 * full -%}",
    "{%- if full > 0 and power | abs >= 0.1 and missing * power > 0 and missing / power < 24 -%}",
    "{%- set minutes = (missing / power * 12) | round(0) | int * 5 -%}",
    `${text}`,
    "{%- endif -%}",
  ].join("\n");
}

const isCharger = ({ entities }) => entities.has(KEYS.chargerMark);

function controlsOf(device) {
  return device.list.filter(
    ({ key }) => key.split(".")[0] in CONTROLS && !KEYS.noControl.includes(key),
  );
}

/** What is silent when all is done. */
const SILENT = { [KEYS.lastCommand]: ["confirmed"], [KEYS.forcedModeEnds]: [] };

/** How the last command stands, and what forced mode lasts until when. */
function commandTiles(owner) {
  return Object.entries(SILENT)
    .filter(([key]) => owner.entities.has(key))
    .flatMap(([key, done]) => {
      const entity = owner.entities.get(key);
      const visibility = [{ condition: "state", entity, state_not: [...done, "unknown", "unavailable"] }];
      const card = tile(entity, { name: nameIn(owner), visibility });
      return key === KEYS.forcedModeEnds ? [card, forcedMode(entity, visibility)] : [card];
    });
}

/** What a forced mode was asked for: "Charge 3000 W → 80 %". */
function forcedMode(entity, visibility) {
  const content = [
    `{%- set power = state_attr('${entity}', 'power') -%}{%- set target = state_attr('${entity}', 'target_soc') -%}`,
    `{%- if state_attr('${entity}', 'mode') -%}{{ state_attr_translated('${entity}', 'mode') }}`,
    "{%- if power is not none %} {{ power | round(0) | int }} W{% endif -%}",
    "{%- if target is not none %} → {{ target | round(0) | int }} %{% endif -%}{%- endif -%}",
  ].join("\n");
  return { type: "markdown", content, show_empty: false, text_only: true, visibility };
}

const nameIn = (owner) => [...(owner.name ? [{ type: "text", text: owner.name }] : []), ENTITY];

/** Tiles for what is used day by day, a list of rows for the rest. */
function controlCards(owners, texts) {
  const all = owners.flatMap((owner) =>
    controlsOf(owner).map((control) => ({ ...control, name: nameIn(owner) })),
  );
  const everyday = all
    .filter(({ category }) => category === null)
    .map((control) => ({ ...control, features: CONTROLS[control.key.split(".")[0]] }))
    .sort((one, other) => one.features.length - other.features.length);
  const rare = all.filter(({ category }) => category !== null);
  return [
    ...(all.length ? owners.flatMap(commandTiles) : []),
    ...everyday.map(({ id, name, features }) =>
      tile(id, { name, ...(features.length ? { features, grid_options: { columns: 12 } } : {}) }),
    ),
    rare.length && {
      type: "entities",
      title: texts.settings,
      // With two switches Home Assistant adds one to the title that turns all of them.
      show_header_toggle: false,
      // An ordinary row of a number has a slider.
      entities: rare.map(({ id, key, name }) => ({
        entity: id,
        name,
        ...(key.startsWith("number.") ? { type: "simple-entity" } : {}),
      })),
    },
  ];
}

function chargerSections(plant, texts) {
  const chargers = plant.devices.filter(isCharger);
  return chargers.map((charger) =>
    section(heading(chargers.length > 1 ? charger.name : texts.charger, "mdi:ev-station"), [
      ...tiles(charger, KEYS.charger),
      ...controlCards([{ ...charger, name: "" }], texts),
    ]),
  );
}

function controlsSection(plant, texts) {
  const owners = [{ ...plant, name: "" }, ...plant.devices.filter((device) => !isCharger(device))];
  return section(heading(texts.controls, "mdi:tune-variant"), controlCards(owners, texts));
}

/** The alarms behind their count: what, where and since when, then why and what to do in the vendor's words. */
function alarmList(count) {
  return `{% for alarm in state_attr('${count}', 'alarms') or [] %}
<ha-alert alert-type="{{ 'error' if alarm.level in ('critical', 'major') else 'warning' }}" title="{{ alarm.name | e }}"></ha-alert>

{{ [alarm.device, (alarm.raised_at | as_datetime | as_local).strftime('%Y-%m-%d %H:%M') if alarm.raised_at] | select | join(' · ') | e }}

{{ alarm.cause | default('', true) | e }}

{{ alarm.advice | default('', true) | e }}

{% endfor %}`;
}

function alarmsSection(hass, plant, texts) {
  const head = heading(texts.alarms, "mdi:bell");
  const problems = problemsSection([{ ...plant, entities: new Map() }], head);
  const count = plant.entities.get(KEYS.alarms);
  if (!count) return problems;
  const advice = hass.user?.is_admin ? `${texts.advice} ${texts.repairs}` : texts.advice;
  return section(head, [
    tile(count),
    {
      type: "markdown",
      content: `${alarmList(count)}\n\n${advice}`,
      visibility: [{ condition: "numeric_state", entity: count, above: 0 }],
    },
    ...(problems ? problems.cards.slice(1) : []),
  ]);
}

/** The plants that have alarms, and the devices that have a problem; the section is there as long as one has. */
function problemsSection(plants, head) {
  const several = plants.length > 1;
  const entities = plants.flatMap((plant) =>
    [plant, ...plant.devices].flatMap((owner) => {
      const entity = owner.entities.get(owner === plant ? KEYS.alarms : KEYS.problem);
      if (!entity) return [];
      const names = [several || owner === plant ? plant.name : "", owner === plant ? "" : owner.name].filter(Boolean);
      const conditions = [owner === plant ? { condition: "numeric_state", above: 0 } : { condition: "state", state: "on" }];
      return [{ entity, name: names.join(" "), conditions }];
    }),
  );
  if (!entities.length) return null;
  const conditions = entities.flatMap((each) => each.conditions.map((condition) => ({ ...condition, entity: each.entity })));
  return {
    type: "grid",
    cards: [
      head,
      {
        type: "entity-filter",
        entities,
        show_empty: false,
        card: { type: "entities", state_color: true },
      },
    ],
    visibility: [{ condition: "or", conditions }],
  };
}

function devicesSection(plant, texts) {
  return section(
    heading(texts.devices, "mdi:devices"),
    plant.devices.map((device) => {
      const [entity] = pick(device, KEYS.state);
      return entity && tile(entity, { name: device.name });
    }),
  );
}

function qualitySection(plant, texts) {
  return section(heading(texts.quality, "mdi:cloud-check-variant"), tiles(plant, KEYS.quality));
}

// Views

const COLUMNS = 4;
const LAYOUT = { type: "sections", dense_section_placement: true };

/** Return what a plant's view shows; `hours` tells whether there is one to draw. */
export function plantView(hass, plant, sources, texts, hours = true) {
  const sections = [
    nowSection(plant, sources, texts),
    todaySection(plant, sources, texts, hours),
    batterySection(plant, sources, texts),
    ...chargerSections(plant, texts),
    controlsSection(plant, texts),
    alarmsSection(hass, plant, texts),
    devicesSection(plant, texts),
    qualitySection(plant, texts),
  ];
  return { ...LAYOUT, max_columns: 3, sections: sections.filter(Boolean) };
}

function emptyView(hass, texts) {
  const mayAdd = hass.user?.is_admin;
  const card = {
    type: "empty-state",
    icon: "mdi:solar-power-variant",
    title: texts.no_plant,
    content: mayAdd ? texts.no_plant_text : texts.ask_admin,
  };
  if (mayAdd) {
    card.buttons = [
      { text: texts.add, icon: "mdi:plus", tap_action: navigate(`/config/integrations/dashboard/add?domain=${PLATFORM}`) },
      { text: texts.accounts, tap_action: navigate(`/config/integrations/integration/${PLATFORM}`) },
    ];
  }
  return { title: texts.overview, path: "overview", type: "panel", cards: [card] };
}

function overviewView(plants, totals, sources, texts) {
  const compact = plants.length > MOST_TABS;
  const counters = new Set(sources.flatMap(countersOf));
  const counted = plants.some((plant) => [...entitiesOf(plant)].some((id) => counters.has(id)));
  const attention = problemsSection(plants, heading(texts.attention, "mdi:alert"));
  return {
    title: texts.overview,
    path: "overview",
    ...LAYOUT,
    max_columns: compact ? COLUMNS : 3,
    sections: [
      totals && section(heading(nameOf(totals.device), "mdi:sigma"), tiles(totals, KEYS.allPlants)),
      attention,
      ...(compact ? [tableSection(plants, texts)] : plants.map(plantSection)),
      counted && section(heading(texts.distribution, "mdi:home-lightning-bolt"), [
        { type: "energy-distribution", collection_key: COLLECTION, link_dashboard: true },
      ]),
    ].filter(Boolean),
  };
}

function plantSection(plant) {
  const alarms = plant.entities.get(KEYS.alarms);
  const badge = alarms && {
    type: "entity",
    entity: alarms,
    color: "red",
    visibility: [{ condition: "numeric_state", entity: alarms, above: 0 }],
  };
  return section(
    heading(plant.name, "mdi:solar-power-variant", { tap_action: navigate(plant.id), badges: badge ? [badge] : [] }),
    tiles(plant, [...KEYS.power, KEYS.soc, "sensor.pv_energy_today"]),
  );
}

/** One row for each plant; a tap on it opens its view. The card is ours: Home Assistant has none that is a table. */
function tableSection(plants, texts) {
  const card = {
    type: "custom:solar-cloud-plants",
    heading: texts.plants,
    plants: plants.map(tableRow),
    grid_options: { columns: "full" },
  };
  return { ...section(heading(texts.plants, "mdi:solar-power-variant"), [card]), column_span: COLUMNS };
}

function tableRow(plant) {
  const [power] = pick(plant, KEYS.tablePower);
  const [today] = pick(plant, KEYS.tableToday);
  return {
    id: plant.id,
    name: plant.name,
    maker: plant.device.manufacturer ?? "",
    connection: plant.entities.get(KEYS.connection),
    state: plant.entities.get(KEYS.plantState),
    power,
    today,
    alarms: plant.entities.get(KEYS.alarms),
    age: plant.entities.get(KEYS.dataAge),
  };
}

/** Build a dashboard: an overview, and a view for each plant, which is only made when it is opened. */
export async function generateDashboard(hass) {
  const texts = await textsOf(hass);
  const plants = findPlants(hass);
  if (!plants.length) return { views: [emptyView(hass, texts)] };
  const views = plants.map((plant) => ({
    title: plant.name,
    path: plant.id,
    subview: plants.length > MOST_TABS,
    strategy: { type: STRATEGY, plant: plant.id },
  }));
  if (plants.length === 1) return { views };
  return { views: [overviewView(plants, findTotals(hass), await energySources(hass), texts), ...views] };
}

/** Build the view of a plant. */
export async function generateView(config, hass) {
  const plant = findPlants(hass).find(({ id }) => id === config.plant);
  const texts = await textsOf(hass);
  if (!plant) return { cards: [{ type: "markdown", content: texts.gone }] };
  return plantView(hass, plant, await energySources(hass), texts, await hasHours(hass, plant));
}

/** Tell whether what was built may be out of date: names, devices and language, never values. */
export function shouldRegenerate(before, now) {
  return (
    before.entities !== now.entities ||
    before.devices !== now.devices ||
    before.locale.language !== now.locale.language
  );
}

// In the frontend

function register() {
  class Dashboard extends HTMLElement {
    static noEditor = true;

    static generate(_config, hass) {
      return generateDashboard(hass);
    }

    static shouldRegenerate(_config, before, now) {
      return shouldRegenerate(before, now);
    }

    static getCreateSuggestions() {
      return { title: "Solar Cloud", icon: "mdi:solar-power-variant" };
    }
  }

  class View extends HTMLElement {
    static generate(config, hass) {
      return generateView(config, hass);
    }

    static shouldRegenerate(_config, before, now) {
      return shouldRegenerate(before, now);
    }
  }

  // A second copy, of another version, may be there until the page is loaded anew.
  if (customElements.get("ll-strategy-dashboard-solar-cloud")) return;
  customElements.define("ll-strategy-dashboard-solar-cloud", Dashboard);
  customElements.define("ll-strategy-view-solar-cloud", View);
  window.customStrategies ??= [];
  window.customStrategies.push({
    type: "solar-cloud",
    strategyType: "dashboard",
    name: "Solar Cloud",
    // The frontend knows the user's language only later.
    get description() {
      return describe(document.documentElement.lang);
    },
    documentationURL: "https://github.com/solar-cloud-ha/solar-cloud/blob/main/docs/dashboard.md",
  });
}

// The frontend replaces the registry of elements while it starts, which may be after this file ran: what was defined
// before would never be found.
globalThis.customElements?.whenDefined("home-assistant").then(register);
