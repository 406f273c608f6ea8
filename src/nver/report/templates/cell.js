function confusionOf(truth, guess, n) {
  const counts = Array.from({ length: n }, () => new Array(n).fill(0));
  truth.forEach((row, i) => { counts[row][guess[i]] += 1; });
  return counts;
}

// Blues from white to dark, as in the figures for print.
const STOPS = [[247, 251, 255], [198, 219, 239], [107, 174, 214], [33, 113, 181], [8, 48, 107]];
function blue(share) {
  const x = Math.min(share, 1) * (STOPS.length - 1);
  const i = Math.min(Math.floor(x), STOPS.length - 2);
  const mix = STOPS[i].map((low, k) => Math.round(low + (STOPS[i + 1][k] - low) * (x - i)));
  return `rgb(${mix.join(",")})`;
}

function confusionFigure(counts, labels, asShares) {
  const n = labels.length;
  const size = n <= 12 ? 44 : 22;
  const points = n <= 12 ? 12 : 9;
  const left = 12 + 0.6 * points * Math.max(...labels.map((label) => label.length + 6));
  const below = 14 + 0.45 * points * Math.max(...labels.map((label) => label.length));
  const sums = counts.map((row) => row.reduce((a, b) => a + b, 0));
  const shares = counts.map((row, i) => row.map((k) => (sums[i] ? k / sums[i] : null)));
  const largest = Math.max(...shares.flat(), 0.01);
  const figure = s("svg", { viewBox: `0 0 ${left + n * size + 4} ${n * size + below + 26}`, width: left + n * size + 4, role: "img", "aria-label": "confusion matrix" });
  counts.forEach((row, i) => {
    figure.append(s("text", { x: left - 6, y: (i + 0.5) * size, "font-size": points, "text-anchor": "end", "dominant-baseline": "central" }, `${labels[i]} (${sums[i]})`));
    row.forEach((k, j) => {
      const share = shares[i][j];
      const cell = s("g", {}, s("rect", { x: left + j * size, y: i * size, width: size - 1, height: size - 1,
        fill: share === null ? "#d9d9d9" : blue(share / largest) }),
      s("title", {}, `${labels[i]} taken for ${labels[j]}: ${k} of ${sums[i]} clips (${percent(share)} %)`));
      const shown = asShares ? (100 * share).toFixed(0) : String(k);
      if (share !== null && shown !== "0") {
        cell.append(s("text", { x: left + (j + 0.5) * size, y: (i + 0.5) * size, "font-size": points - (shown.length > 3 ? 2 : 0),
          "text-anchor": "middle", "dominant-baseline": "central", style: share > 0.55 * largest ? "fill:#fff" : null }, shown));
      }
      figure.append(cell);
    });
  });
  labels.forEach((label, j) => {
    const [x, y] = [left + (j + 0.6) * size, n * size + 12];
    figure.append(s("text", { x, y, "font-size": points, "text-anchor": "end", transform: `rotate(-40 ${x} ${y})` }, label));
  });
  return figure;
}

function linesFigure(title, lines, best) {
  const [width, height, left, below, above] = [460, 230, 44, 34, 26];
  const values = lines.flatMap((line) => line.values).filter((value) => value !== null);
  const [low, high] = [Math.min(...values), Math.max(...values)];
  const span = high - low || 1;
  const longest = Math.max(...lines.map((line) => line.values.length));
  const x = (i) => left + ((width - left - 12) * i) / Math.max(longest - 1, 1);
  const y = (value) => above + (height - above - below) * (1 - (value - low) / span);
  const figure = s("svg", { viewBox: `0 0 ${width} ${height}`, width, role: "img", "aria-label": title });
  figure.append(s("text", { x: left, y: 14, "font-size": 13, "font-weight": 600 }, title));
  for (let k = 0; k <= 4; k++) {
    const value = low + (span * k) / 4;
    figure.append(s("line", { x1: left, x2: width - 12, y1: y(value), y2: y(value), stroke: "#e6eaee" }),
      s("text", { x: left - 6, y: y(value), "font-size": 11, "text-anchor": "end", "dominant-baseline": "central" }, value.toFixed(2)));
  }
  const step = Math.ceil(longest / 10);
  for (let i = 0; i < longest; i += step) {
    figure.append(s("text", { x: x(i), y: height - below + 16, "font-size": 11, "text-anchor": "middle" }, String(i + 1)));
  }
  figure.append(s("text", { x: (left + width) / 2, y: height - 3, "font-size": 11, "text-anchor": "middle" }, "epoch"));
  for (const line of lines) {
    const path = line.values.map((value, i) => `${i ? "L" : "M"}${x(i).toFixed(1)} ${y(value).toFixed(1)}`).join("");
    figure.append(s("path", { d: path, fill: "none", stroke: line.colour, "stroke-width": 1.3, opacity: 0.75, "stroke-dasharray": line.dashed ? "5 3" : null },
      s("title", {}, line.name)));
    if (line.best !== undefined) figure.append(s("circle", { cx: x(line.best), cy: y(line.values[line.best]), r: 3.4, fill: line.colour }, s("title", {}, line.name + ", best epoch")));
  }
  return figure;
}

function learningFigures(cell) {
  if (!cell.history.some((past) => past.train_loss.length)) {
    return [h("p", { class: "caption" }, "No learning curve: nothing was trained in epochs.")];
  }
  const [training, validation] = ["#0072B2", "#D55E00"];
  const field = cell.monitor === "accuracy" ? "validation_accuracy" : "validation_macro_f1";
  const losses = cell.history.flatMap((past) => [
    { name: past.name + ", training", values: past.train_loss, colour: training, dashed: true },
    { name: past.name + ", validation", values: past.validation_loss, colour: validation, best: past.best }]);
  const scores = cell.history.map((past) => ({ name: past.name, values: past[field], colour: validation, best: past.best }));
  return [h("div", { class: "columns" }, linesFigure("loss: training dashed, validation solid", losses),
    linesFigure("validation " + (cell.monitor === "accuracy" ? "accuracy" : "macro F1"), scores)),
    h("p", { class: "caption" }, `One line a fold; a dot on its best epoch, by validation ${cell.monitor.replace("_f1", " F1")}.`)];
}

function confusionPart(data, cell, set) {
  const counts = confusionOf(indicesOf(set.truth), indicesOf(cell.guess), set.labels.length);
  const place = h("div", { style: "overflow-x:auto" });
  const buttons = [true, false].map((asShares) => h("button", { onclick: () => draw(asShares) }, asShares ? "percent of the true class" : "clips"));
  function draw(asShares) {
    place.replaceChildren(confusionFigure(counts, set.labels, asShares));
    buttons.forEach((button, i) => button.setAttribute("aria-pressed", String(asShares === (i === 0))));
  }
  draw(true);
  return [h("div", { class: "controls", id: "confusion-unit" }, buttons), place, h("p", { class: "caption" }, "Rows are true classes, columns guesses; all folds together.")];
}

function classTable(cell) {
  const figure = (title, place) => ({ title, figure: true, value: (row) => row[place][0],
    show: (row) => [percent(row[place][0]), h("small", {}, " " + range(row[place][1]))] });
  return sortableTable([
    { title: "class", value: (row) => row[0], show: (row) => row[0] },
    figure("precision", 1), figure("recall", 2), figure("F1", 3),
    { title: "clips", figure: true, value: (row) => row[4], show: (row) => String(row[4]) },
  ], cell.classes);
}

const pairsTable = (pairs) => h("div", { class: "wide provenance" }, h("table", {}, h("tbody", {},
  pairs.map(([key, text]) => h("tr", {}, h("td", {}, key), h("td", {}, text))))));

function cellPage(data, cell) {
  const comparison = data.comparisons[cell.comparison];
  const set = data.clipSets[comparison.clipSet];
  const names = Object.keys(cell.scores);
  return [
    h("p", { style: "margin-top:20px" }, h("a", { href: "#/" }, "← all systems")),
    h("h1", {}, cell.system, cell.random.length ? h("span", { class: "tag" }, "RANDOM WEIGHTS") : ""),
    h("p", { class: "soft" }, comparison.title + ". " + comparison.statement),
    cell.notices.map((notice) => h("p", { class: "notice" }, notice)),
    h("div", { class: "cards" }, names.map((name) => h("div", { class: "card" }, h("b", {}, spread(cell.scores[name])),
      h("span", { class: "ends" }, pooled(cell.scores[name])),
      h("span", {}, name + (cell.published && name in cell.published ? ` (published ${cell.published[name].toFixed(2)})` : "")))),
    h("div", { class: "card" }, h("b", {}, count(cell.parameters)), h("span", {}, "parameters of the head"))),
    h("p", { class: "caption" }, comparison.chance + " Percent, mean ± standard deviation over folds; below, all clips at once. " + comparison.intervals),
    h("p", {}, h("a", { href: `#/map/${comparison.clipSet}/${cell.index}` }, "See its guesses on the embedding map →")),
    h("div", { class: set.labels.length > 12 ? "stacked" : "columns" },
      h("section", {}, h("h2", {}, "Who is taken for whom"), confusionPart(data, cell, set)),
      h("section", {}, h("h2", {}, "How it learned"), learningFigures(cell))),
    h("h2", {}, "Classes"), classTable(cell),
    h("p", { class: "caption" }, "Percent, pooled over all tested clips; –: undefined. " + comparison.intervals),
    h("h2", {}, "How sure it is"), certaintyPart(cell.certainty, comparison.intervals),
    slicesPart(cell),
    h("h2", {}, "Folds"), sortableTable([
      { title: "fold", value: (row) => row.name, show: (row) => row.name },
      ...names.map((name) => ({ title: name, figure: true, value: (row) => row[name], show: (row) => percent(row[name]) })),
      ...["training", "validation", "test"].map((part, k) => ({ title: part + " clips", figure: true, value: (row) => row.n[k], show: (row) => String(row.n[k]) })),
    ], cell.history.map((past, i) => ({ name: past.name, n: past.n, ...Object.fromEntries(names.map((name) => [name, cell.scores[name].folds[i]])) }))),
    cell.history.some((past) => past.chosen) ? [h("h2", {}, "What a search chose"), pairsTable(cell.history.map((past) => [past.name, past.chosen || "nothing"])),
      h("p", { class: "caption" }, "On inner folds of each training part; no tested clip had a say in it.")] : "",
    h("h2", {}, "Where this comes from"),
    pairsTable([["encoders", cell.encoders], ["head", cell.head], ["training", [comparison.settings, cell.settings].filter(Boolean).join(", ")], ["seed", String(cell.seed)], ...cell.provenance, ...comparison.provenance]),
    h("h2", {}, "Making it again"),
    comparison.plans.map(([name, text]) => h("details", {}, h("summary", {}, "reproduce/" + name), h("pre", {}, text))),
    cell.modelCard ? h("details", { id: "model-card" }, h("summary", {}, "Model card"), h("pre", {}, cell.modelCard)) : "",
    comparison.fusions.length ? h("pre", {}, comparison.fusions.join("\n")) : "",
  ];
}
