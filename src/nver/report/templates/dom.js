// Elements are built from text, never from markup: nothing in the data can become an element.
const SVG = "http://www.w3.org/2000/svg";

function fill(node, attributes, children) {
  for (const [name, value] of Object.entries(attributes)) {
    if (name.startsWith("on")) node.addEventListener(name.slice(2), value);
    else if (value === true) node.setAttribute(name, "");
    else if (value !== false && value !== null && value !== undefined) node.setAttribute(name, value);
  }
  node.append(...children.flat().filter((child) => child !== null && child !== undefined));
  return node;
}
const h = (tag, attributes = {}, ...children) => fill(document.createElement(tag), attributes, children);
const s = (tag, attributes = {}, ...children) => fill(document.createElementNS(SVG, tag), attributes, children);

function bytesOf(base64) {
  const text = atob(base64);
  const bytes = new Uint8Array(text.length);
  for (let i = 0; i < text.length; i++) bytes[i] = text.charCodeAt(i);
  return bytes;
}
const indicesOf = (base64) => new Uint16Array(bytesOf(base64).buffer);
const placesOf = (base64) => new Int16Array(bytesOf(base64).buffer);

const percent = (share) => (share === null ? "–" : (100 * share).toFixed(1));
const count = (n) => (n === null ? "–" : n.toLocaleString("en"));
const spread = (score) => percent(score.mean) + (score.sd === null ? "" : " ± " + percent(score.sd));
const range = (ends) => (ends ? `[${percent(ends[0])}, ${percent(ends[1])}]` : "");
const pooled = (score) => percent(score.pooled) + (score.ends ? " " + range(score.ends) : "");
const option = (value, text, chosen) => h("option", { value, selected: value === chosen }, text);
const choice = (title, options, chosen, onchange, id) =>
  h("label", {}, title, h("select", { id, onchange: (event) => onchange(event.target.value) },
    options.map(([value, text]) => option(String(value), text, String(chosen)))));

// A table whose headings sort it. Columns: {title, value(row), show(row), figure}.
function sortableTable(columns, rows, { by, down = true, onrow } = {}) {
  const body = h("tbody");
  const heads = columns.map((column) => h("th", { scope: "col", class: "sortable" + (column.figure ? " figure" : "") }));
  const state = { by, down };
  function draw() {
    const column = columns[state.by];
    const compare = (a, b) => {
      const [x, y] = [column.value(a), column.value(b)];
      if (x === null || y === null) return (x === null) - (y === null);
      const order = typeof x === "string" ? x.localeCompare(y, "en", { numeric: true }) : x - y;
      return state.down ? -order : order;
    };
    const sorted = state.by === undefined ? rows : [...rows].sort(compare);
    body.replaceChildren(...sorted.map((row) => h("tr", onrow ? { class: "link", onclick: (event) => onrow(row, event) } : {},
      columns.map((c) => h("td", { class: c.figure ? "figure" : null }, c.show(row))))));
    heads.forEach((head, i) => {
      const mine = i === state.by;
      head.setAttribute("aria-sort", mine ? (state.down ? "descending" : "ascending") : "none");
      head.firstChild.lastChild.data = mine ? (state.down ? " ↓" : " ↑") : "";
    });
  }
  columns.forEach((column, i) => heads[i].append(h("button", {
    onclick: () => {
      state.down = state.by === i ? !state.down : Boolean(column.figure);
      state.by = i;
      draw();
    },
  }, column.title, document.createTextNode(""))));
  draw();
  return h("div", { class: "wide" }, h("table", {}, h("thead", {}, h("tr", {}, heads)), body));
}
