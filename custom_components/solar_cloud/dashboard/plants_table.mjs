/**
 * A card of Solar Cloud's dashboard: one row for each of many plants, sorted and searched in the browser.
 *
 * Home Assistant has no card that is a table, and a template of 300 plants would be rendered anew by the server with each
 * value. The strategy says which entities a row shows (strategy.mjs); their states, and how they are written, are Home Assistant's.
 */

/** What the columns show, and the entity whose name is their head; the plant's own is told by the strategy. */
export const COLUMNS = [
  { key: "name" },
  { key: "state", head: "plant_state" },
  { key: "power", head: "pv_power", number: true },
  { key: "today", head: "pv_energy_today", number: true },
  { key: "alarms", head: "active_alarms", number: true },
  { key: "age", head: "data_age", number: true },
];

const SILENT = ["unavailable", "unknown"];

/** Thousands of a base unit, and seconds: users may choose another unit for a single entity. */
const FACTORS = { k: 1e3, M: 1e6, G: 1e9, min: 60, h: 3600, d: 86400 };

function factorOf(unit = "") {
  return FACTORS[unit] ?? (/^[kMG]W/.test(unit) ? FACTORS[unit[0]] : 1);
}

/** Return the number of a state in its base unit; none where it has none. */
function numberOf(state) {
  const number = state && !SILENT.includes(state.state) ? Number(state.state) : NaN;
  return Number.isNaN(number) ? null : number * factorOf(state.attributes?.unit_of_measurement);
}

/**
 * Return the state that says how a plant is: that its cloud does not answer, that its values are not live, what the vendor says of
 * it, or else that its cloud answers.
 */
function stateOf(hass, plant) {
  const [connection, own, power] = [plant.connection, plant.state, plant.power].map((entity) => hass.states[entity]);
  if (connection?.state === "off") return connection;
  if (power?.state === "unavailable") return power;
  return own && !SILENT.includes(own.state) ? own : connection;
}

/** Return what is written in the cells of a row, what they are sorted by, and what must be seen. */
export function cellsOf(hass, plant) {
  const state = stateOf(hass, plant);
  const text = (each) => (each ? hass.formatEntityState(each) : "");
  const cells = {
    name: { text: plant.name, sort: plant.name },
    state: { text: text(state), sort: text(state), bad: ["off", "unavailable", "offline", "fault"].includes(state?.state) },
  };
  for (const { key, number } of COLUMNS) {
    if (!number) continue;
    const shown = hass.states[plant[key]];
    const value = numberOf(shown);
    cells[key] = { text: value === null ? "–" : text(shown), sort: value, bad: key === "alarms" && value > 0 };
  }
  return cells;
}

/** Return rows in the order of a column; what has no number is last either way, and equals are in the order of their names. */
export function sorted(rows, { column, down }, language) {
  const byText = (one, other) => String(one).localeCompare(String(other), language, { numeric: true });
  const compare = (one, other) => {
    const [first, second] = [one.cells[column].sort, other.cells[column].sort];
    if (first === null || second === null) return (first === null) - (second === null);
    const order = typeof first === "number" ? first - second : byText(first, second);
    return down ? -order : order;
  };
  return [...rows].sort((one, other) => compare(one, other) || byText(one.cells.name.sort, other.cells.name.sort));
}

/** Tell whether a row has all words that are looked for: in its plant's name, its maker or its state. */
export function matches({ plant, cells }, query) {
  const text = `${plant.name} ${plant.maker} ${cells.state.text}`.toLowerCase();
  return query.toLowerCase().split(/\s+/).every((word) => text.includes(word));
}

/** Return the entities a row shows. */
export function entitiesOf(plant) {
  return [plant.connection, plant.state, plant.power, plant.today, plant.alarms, plant.age].filter(Boolean);
}

// In the frontend

const STYLE = `
  .tools { padding: 12px 16px; }
  input {
    box-sizing: border-box; width: 100%; max-width: 24em; padding: 8px 12px; font: inherit;
    color: var(--primary-text-color); background: var(--secondary-background-color);
    border: 1px solid var(--divider-color); border-radius: 8px;
  }
  .scroll { overflow-x: auto; }
  table { width: 100%; border-collapse: collapse; font-size: 14px; }
  th, td { padding: 8px 16px; text-align: start; white-space: nowrap; border-top: 1px solid var(--divider-color); }
  .number { text-align: end; font-variant-numeric: tabular-nums; }
  th { font-weight: 500; color: var(--secondary-text-color); }
  th button { all: unset; cursor: pointer; }
  th button:focus-visible, a:focus-visible { outline: 2px solid var(--primary-color); }
  th[aria-sort="ascending"] button::after { content: " ▲"; }
  th[aria-sort="descending"] button::after { content: " ▼"; }
  tbody tr { cursor: pointer; }
  tbody tr:hover { background: var(--secondary-background-color); }
  a { color: inherit; text-decoration: none; }
  .maker { display: block; font-size: 12px; color: var(--secondary-text-color); }
  .bad { color: var(--error-color); font-weight: 500; }
  @media (max-width: 600px) {
    table { font-size: 12px; }
    th, td { padding: 8px 4px; white-space: normal; }
    .number { white-space: nowrap; }
    th.number { white-space: normal; }
    th:first-child, td:first-child { padding-inline-start: 12px; }
    th:last-child, td:last-child { padding-inline-end: 12px; }
  }
`;

function element(name, options = {}, ...children) {
  const made = Object.assign(document.createElement(name), options);
  made.append(...children);
  return made;
}

function register() {
  class PlantsTable extends HTMLElement {
    #rows = [];
    #order = { column: "name", down: false };
    #heads = new Map();
    #body = element("tbody");
    #hass;

    setConfig(config) {
      this.#rows = config.plants.map((plant) => ({ plant, entities: entitiesOf(plant), seen: [], cells: null, nodes: null }));
      this.#body.replaceChildren();
      this.#build(config.heading);
      if (this.#hass) this.hass = this.#hass;
    }

    set hass(hass) {
      const first = this.#hass?.localize !== hass.localize;
      this.#hass = hass;
      if (first) this.#name();
      const changed = this.#rows.filter((row) => this.#look(row));
      if (changed.length) this.#arrange();
    }

    getCardSize() {
      return Math.ceil(this.#rows.length / 2) + 2;
    }

    getGridOptions() {
      return { columns: "full", min_columns: 6 };
    }

    #build(heading) {
      const input = element("input", { type: "search", oninput: () => this.#filter(input.value) });
      this.#heads = new Map(COLUMNS.map(({ key, number }) => [key, this.#head(key, number)]));
      this.#heads.get("name").firstChild.textContent = heading;
      const table = element("table", {}, element("thead", {}, element("tr", {}, ...this.#heads.values())), this.#body);
      const card = element("ha-card", {}, element("div", { className: "tools" }, input), element("div", { className: "scroll" }, table));
      const root = this.shadowRoot ?? this.attachShadow({ mode: "open" });
      root.replaceChildren(element("style", { textContent: STYLE }), card);
    }

    #head(key, number) {
      const button = element("button", { type: "button", onclick: () => this.#sort(key) });
      return element("th", { scope: "col", className: number ? "number" : "" }, button);
    }

    /** Write what is in the user's language. */
    #name() {
      for (const { key, head } of COLUMNS) {
        if (!head) continue;
        this.#heads.get(key).firstChild.textContent = this.#hass.localize(`component.solar_cloud.entity.sensor.${head}.name`) || key;
      }
      const input = this.shadowRoot.querySelector("input");
      input.placeholder = input.ariaLabel = this.#hass.localize("ui.common.search") || "";
    }

    /** Write the cells of a row whose states are not those that were looked at last; whether there was anything to write. */
    #look(row) {
      const seen = row.entities.map((entity) => this.#hass.states[entity]);
      if (row.nodes && seen.every((state, place) => state === row.seen[place])) return false;
      row.seen = seen;
      row.cells = cellsOf(this.#hass, row.plant);
      row.nodes ??= this.#draw(row.plant);
      for (const { key } of COLUMNS) {
        if (key === "name") continue;
        const { text, bad } = row.cells[key];
        if (row.nodes[key].textContent !== text) row.nodes[key].textContent = text;
        row.nodes[key].classList.toggle("bad", Boolean(bad));
      }
      return true;
    }

    #draw(plant) {
      const nodes = Object.fromEntries(COLUMNS.map(({ key, number }) => [key, element("td", { className: number ? "number" : "" })]));
      const link = element("a", { href: plant.id }, plant.name, element("span", { className: "maker" }, plant.maker));
      nodes.name.append(link);
      nodes.row = element("tr", { onclick: (event) => this.#open(event, plant.id) }, ...COLUMNS.map(({ key }) => nodes[key]));
      this.#body.append(nodes.row);
      return nodes;
    }

    #open(event, id) {
      if (event.ctrlKey || event.metaKey) return;
      event.preventDefault();
      history.pushState(null, "", new URL(id, location.href));
      window.dispatchEvent(new CustomEvent("location-changed", { detail: { replace: false } }));
    }

    #sort(column) {
      this.#order = { column, down: this.#order.column === column && !this.#order.down };
      this.#arrange();
    }

    #arrange() {
      for (const [key, head] of this.#heads) {
        head.ariaSort = key !== this.#order.column ? "none" : this.#order.down ? "descending" : "ascending";
      }
      const rows = sorted(this.#rows, this.#order, this.#hass.locale.language).map(({ nodes }) => nodes.row);
      if (rows.some((row, place) => row !== this.#body.children[place])) this.#body.append(...rows);
    }

    #filter(query) {
      for (const row of this.#rows) row.nodes.row.hidden = !matches(row, query.trim());
    }
  }

  // A second copy, of another version, may be there until the page is loaded anew.
  if (customElements.get("solar-cloud-plants")) return;
  customElements.define("solar-cloud-plants", PlantsTable);
}

// As for the strategy: what is defined before the frontend has started is never found.
globalThis.customElements?.whenDefined("home-assistant").then(register);
