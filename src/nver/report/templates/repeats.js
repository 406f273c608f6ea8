// Systems with several seeds: a chart of dots with intervals, and a page a system with its seeds.
const pointsOf = (share) => {
  const text = Math.abs(100 * share).toFixed(1);
  return text === "0.0" ? text : (share < 0 ? "−" : "+") + text;
};
const intervalOf = ([value, low, high], show) => `${show(value)} [${show(low)}, ${show(high)}]`;
const leavesOutZero = ([, low, high]) => low > 0 || high < 0;

// One panel: a line a system between the lowest and the highest end of any interval.
function intervalPanel(lines, place, width, of, { title, at, seedsOf = () => [], mark }) {
  const found = lines.map(of);
  const all = [...found.filter(Boolean).flat(), ...lines.flatMap(seedsOf), at];
  const [low, high] = [Math.min(...all), Math.max(...all)];
  const x = (share) => 8 + (width - 16) * (share - low) / (high - low || 1);
  const below = place[place.length - 1] + 16;
  const step = [0.01, 0.02, 0.05, 0.1, 0.2, 0.5].find((size) => (high - low) / size <= 5) || 1;
  const panel = s("g");
  for (let i = Math.ceil(low / step); i * step <= high; i++) {
    panel.append(s("line", { x1: x(i * step), x2: x(i * step), y1: 20, y2: below, stroke: "#e9eef3" }),
      s("text", { x: x(i * step), y: below + 14, "font-size": 11, "text-anchor": "middle" }, String(Math.round(100 * i * step))));
  }
  panel.append(s("line", { x1: x(at), x2: x(at), y1: 20, y2: below, stroke: "#d55e00" }),
    s("text", { x: width / 2, y: 12, "font-size": 12, "text-anchor": "middle", "font-weight": 600 }, title));
  lines.forEach((line, i) => {
    if (!found[i]) return;
    const [value, from, to] = found[i];
    panel.append(s("line", { x1: x(from), x2: x(to), y1: place[i], y2: place[i], stroke: "#1c2430", "stroke-width": 1.6 }),
      ...seedsOf(line).map((share) => s("line", { x1: x(share), x2: x(share), y1: place[i] - 5, y2: place[i] + 5, stroke: "#0072b2", "stroke-width": 1.2 })),
      mark(line, x(value), place[i]));
  });
  return panel;
}

const dot = (x, y, filled) => s("circle", { cx: x, cy: y, r: 4, fill: filled ? "#1c2430" : "#fff", stroke: "#1c2430", "stroke-width": 1.5 });
const diamond = (x, y) => s("path", { d: `M${x - 5} ${y}L${x} ${y - 5}L${x + 5} ${y}L${x} ${y + 5}Z`, fill: "#1c2430" });
const square = (x, y) => s("rect", { x: x - 4, y: y - 4, width: 8, height: 8, fill: "#d55e00" });

function intervalFigure(repeats, score, index) {
  const left = 20 + 7 * Math.max(...repeats.lines.map((line) => Math.max(line.system.length, line.group.length)));
  const width = 330;
  const names = s("g");
  const place = [];
  let y = 34;
  repeats.lines.forEach((line, i) => {
    if (line.group && (i === 0 || repeats.lines[i - 1].group !== line.group)) {
      names.append(s("text", { x: left - 8, y: y + 4, "font-size": 12, "font-weight": 700, "text-anchor": "end" }, line.group));
      y += 20;
    }
    place.push(y);
    names.append(s("a", { href: `#/seeds/${index}/${i}` }, s("text", { x: left - 8, y: y + 4, "font-size": 12, "text-anchor": "end" }, line.system)));
    y += 20;
  });
  const reference = repeats.lines.find((line) => line.system === repeats.reference);
  const shares = intervalPanel(repeats.lines, place, width, (line) => line.scores[score], {
    title: `${score} (percent)`, at: reference.scores[score][0], seedsOf: (line) => line.seeds[score],
    mark: (line, x, y) => (line === reference ? square(x, y) : dot(x, y, true)) });
  const differences = intervalPanel(repeats.lines, place, width, (line) => line.differences[score], {
    title: "difference (points)", at: 0,
    mark: (line, x, y) => (leavesOutZero(line.differences[score]) ? diamond(x, y) : dot(x, y, false)) });
  shares.setAttribute("transform", `translate(${left} 0)`);
  differences.setAttribute("transform", `translate(${left + width + 16} 0)`);
  const size = [left + 2 * width + 24, y + 24];
  return h("div", { class: "wide" }, s("svg", { viewBox: `0 0 ${size[0]} ${size[1]}`, width: size[0], role: "img",
    "aria-label": `${score} of systems over seeds, with intervals` }, names, shares, differences));
}

function seedsPage(data, repeats, which) {
  const index = data.repeats.indexOf(repeats);
  const line = which === undefined ? null : repeats.lines[Number(which)];
  return line ? linePage(data, repeats, line, index) : chartPage(data, repeats, index);
}

function chartPage(data, repeats, index) {
  const comparison = data.comparisons[repeats.comparison];
  const place = h("div", { id: "intervals" });
  const draw = (score) => place.replaceChildren(intervalFigure(repeats, score, index));
  draw("macro F1");
  const difference = (score) => ({
    title: `${score === "macro F1" ? "F1" : "acc."} less ${repeats.reference}`, figure: true,
    value: (line) => (line.differences[score] ? line.differences[score][0] : null),
    show: (line) => (line.differences[score] ? intervalOf(line.differences[score], pointsOf) : "–") });
  const score = (name) => ({ title: name, figure: true, value: (line) => line.scores[name][0], show: (line) => intervalOf(line.scores[name], percent) });
  const columns = [
    { title: "system", value: (line) => line.system,
      show: (line) => h("a", { href: `#/seeds/${index}/${repeats.lines.indexOf(line)}` }, line.system) },
    score("accuracy"), difference("accuracy"), score("macro F1"), difference("macro F1"),
  ];
  return [
    h("h1", {}, "Over seeds: " + comparison.title),
    h("p", { class: "caption" }, comparison.statement, " ", comparison.chance),
    h("p", { class: "caption" }, repeats.statement, " Ticks are single seeds; a filled diamond is a difference whose interval leaves out 0."),
    h("div", { class: "controls" },
      data.repeats.length > 1 ? choice("measured on", data.repeats.map((r, i) => [i, data.comparisons[r.comparison].title]), index,
        (value) => { location.hash = "#/seeds/" + value; }, "which") : null,
      choice("score", Object.keys(repeats.lines[0].scores).map((name) => [name, name]), "macro F1", draw, "score")),
    place,
    h("h2", {}, "The same as a table"),
    sortableTable(columns, repeats.lines),
  ];
}

function linePage(data, repeats, line, index) {
  const cells = line.cells.map((i) => data.cells[i]);
  const columns = [
    { title: "seed", figure: true, value: (cell) => cell.seed, show: (cell) => h("a", { href: "#/cell/" + cell.index }, String(cell.seed)) },
    ...["accuracy", "macro F1", "UAR"].map((name) => ({ title: name, figure: true, value: (cell) => cell.scores[name].mean,
      show: (cell) => spread(cell.scores[name]) })),
  ];
  const card = (name) => h("div", { class: "card" }, h("b", {}, percent(line.scores[name][0])),
    h("span", {}, `${name} [${line.scores[name].slice(1).map(percent).join(", ")}]`), line.differences[name] ? h("br") : null,
    line.differences[name] ? h("span", {}, `${intervalOf(line.differences[name], pointsOf)} to ${repeats.reference}`) : null);
  return [
    h("p", {}, h("a", { href: "#/seeds/" + index }, "← over seeds")),
    h("h1", {}, line.system),
    h("p", { class: "soft" }, `${cells[0].head} on ${cells[0].encoders}. ${data.comparisons[repeats.comparison].title}`),
    h("p", { class: "caption" }, repeats.statement),
    h("div", { class: "cards" }, ...["accuracy", "macro F1", "UAR"].map(card)),
    h("h2", {}, "Its seeds"),
    h("p", { class: "soft" }, "Percent, mean ± standard deviation over folds; a row opens its page."),
    sortableTable(columns, cells, { onrow: (cell, event) => { if (!event.target.closest("a")) location.hash = "#/cell/" + cell.index; } }),
  ];
}
