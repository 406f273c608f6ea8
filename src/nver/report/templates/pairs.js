const points = (share) => (share < -0.0005 ? "−" : share > 0.0005 ? "+" : "") + Math.abs(100 * share).toFixed(1);
const pValue = (p) => (p === null ? "–" : p < 0.001 ? "< 0.001" : p.toFixed(3));

// A line a row: a dot and its interval. Rows: {name, value, ends, colour, text}.
function forestFigure(title, rows, { zero }) {
  const [row, below, above, middle] = [24, 34, 28, 380];
  const left = 14 + 6.7 * Math.max(...rows.map((r) => r.name.length));
  const [height, width] = [above + rows.length * row + below, left + middle + 150];
  const all = rows.flatMap((r) => [r.value, ...(r.ends || [])]).concat(zero ? [0] : []);
  const [low, high] = [Math.min(...all), Math.max(...all)];
  const pad = (high - low) * 0.04 || 0.01;
  const x = (share) => left + (middle * (share - low + pad)) / (high - low + 2 * pad);
  const figure = s("svg", { viewBox: `0 0 ${width} ${height}`, width, role: "img", "aria-label": title, style: "min-width:560px" });
  figure.append(s("text", { x: 0, y: 14, "font-size": 13, "font-weight": 600 }, title));
  const bottom = above + rows.length * row;
  for (let k = 0; k <= 4; k++) {
    const share = low + ((high - low) * k) / 4;
    figure.append(s("line", { x1: x(share), x2: x(share), y1: above, y2: bottom, stroke: "#eef1f4" }),
      s("text", { x: x(share), y: bottom + 16, "font-size": 11, "text-anchor": "middle" }, String(Math.round(100 * share)).replace("-", "−")));
  }
  if (zero) figure.append(s("line", { x1: x(0), x2: x(0), y1: above, y2: bottom, stroke: "#5b6675", "stroke-dasharray": "4 3" }));
  rows.forEach((r, i) => {
    const y = above + (i + 0.5) * row;
    figure.append(s("text", { x: left - 8, y, "font-size": 12, "text-anchor": "end", "dominant-baseline": "central" }, r.name));
    if (r.ends) figure.append(s("line", { x1: x(r.ends[0]), x2: x(r.ends[1]), y1: y, y2: y, stroke: r.colour, "stroke-width": 2.2 }));
    figure.append(s("circle", { cx: x(r.value), cy: y, r: 4, fill: r.colour }, s("title", {}, r.name + ": " + r.text)),
      s("text", { x: left + middle + 10, y, "font-size": 12, "dominant-baseline": "central" }, r.text));
  });
  return h("div", { style: "overflow-x:auto" }, figure);
}

function pairsTableOf(pairs) {
  const p = (title, field) => ({ title, figure: true, value: (pair) => pair[field], show: (pair) => pValue(pair[field]) });
  return sortableTable([
    { title: "system", value: (pair) => pair.a, show: (pair) => pair.a },
    { title: "against", value: (pair) => pair.b, show: (pair) => pair.b },
    { title: "points", figure: true, value: (pair) => pair.points, show: (pair) => [points(pair.points), h("small", {}, " " + range(pair.ends).replace(/-/g, "−"))] },
    p("p", "p"), p("Holm", "holm"),
    ...[["corrected t", "t"], ["McNemar", "mcnemar"]].filter(([, field]) => pairs.some((pair) => pair[field] !== null)).map(([title, field]) => p(title, field)),
    { title: "can be told apart", value: (pair) => Number(pair.apart) + Number(pair.holm < 0.05), show: (pair) => (!pair.apart ? "no" : pair.holm < 0.05 ? "yes" : "yes, but not after Holm") },
  ], pairs);
}

function pairsPage(data, chosen) {
  const known = data.comparisons.map((comparison, i) => [i, comparison]).filter(([, comparison]) => comparison.pairs);
  const [number, comparison] = known.find(([i]) => i === chosen) || known[0] || [];
  if (!comparison) return [h("h1", {}, "Comparisons"), h("p", {}, "There is nothing to compare: every set of clips has a single system.")];
  const place = h("div");
  const state = { score: "macro F1", all: false };
  function draw() {
    const found = comparison.pairs.scores[state.score];
    const best = found.systems[0][0];
    const ofBest = found.pairs.filter((pair) => pair.a === best);
    place.replaceChildren(
      forestFigure(`${state.score}, percent`, found.systems.map(([name, value, ends]) => ({ name, value, ends, colour: "#0072B2", text: percent(value) + " " + range(ends) })), { zero: false }),
      h("h2", {}, `${best} against the others`),
      forestFigure("points that the best is ahead", ofBest.map((pair) => ({ name: pair.b, value: pair.points, ends: pair.ends, colour: pair.apart ? "#D55E00" : "#8a94a0", text: points(pair.points) + " " + range(pair.ends).replace(/-/g, "−") })), { zero: true }),
      h("ul", { id: "verdicts" }, ofBest.map((pair) => h("li", {}, pair.verdict + "."))),
      h("div", { class: "controls" }, h("button", { id: "all-pairs", "aria-pressed": String(state.all), onclick: () => { state.all = !state.all; draw(); } }, `all ${found.pairs.length} pairs`)),
      pairsTableOf(state.all ? found.pairs : ofBest));
  }
  draw();
  return [
    h("h1", {}, "Comparisons"),
    h("div", { class: "controls" },
      choice("measured on", known.map(([i, c]) => [i, c.title]), number, (value) => { location.hash = "#/pairs/" + value; }, "pairs-of"),
      choice("score", Object.keys(comparison.pairs.scores).map((name) => [name, name]), state.score, (value) => { state.score = value; draw(); }, "score")),
    h("p", { class: "soft" }, comparison.title + ". " + comparison.pairs.statement + " " + comparison.statement),
    place,
    h("p", { class: "caption" }, comparison.pairs.method),
  ];
}
