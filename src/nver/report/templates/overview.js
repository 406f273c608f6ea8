const scoreColumn = (name) => ({
  title: name,
  figure: true,
  value: (cell) => cell.scores[name].mean,
  show: (cell) => [
    percent(cell.scores[name].mean),
    cell.scores[name].sd === null ? "" : h("small", {}, " ± " + percent(cell.scores[name].sd)),
    name === "macro F1" ? h("span", { class: "meter" }, h("i", { style: `width:${100 * cell.scores[name].mean}%` })) : "",
    h("small", { class: "below" }, pooled(cell.scores[name])),
  ],
});

const differenceColumn = (name) => ({
  title: name === "accuracy" ? "Δ acc." : "Δ F1",
  figure: true,
  value: (cell) => (cell.published ? 100 * cell.scores[name].mean - cell.published[name] : null),
  show: (cell) => {
    if (!cell.published) return "–";
    const points = 100 * cell.scores[name].mean - cell.published[name];
    return (points < 0 ? "−" : "+") + Math.abs(points).toFixed(1);
  },
});

// Systems with several seeds as one row each: over the folds of all seeds.
function joinedCells(data) {
  const joined = data.repeats.flatMap((repeats, i) => repeats.lines.map((line, j) => ({
    ...data.cells[line.cells[0]], system: line.system, scores: line.overFolds, published: null,
    settings: line.cells.length + " seeds", address: `#/seeds/${i}/${j}` })));
  const within = new Set(data.repeats.flatMap((repeats) => repeats.lines.flatMap((line) => line.cells)));
  return [...data.cells.filter((cell) => !within.has(cell.index)), ...joined];
}
const addressOf = (cell) => cell.address || "#/cell/" + cell.index;

function overview(data) {
  const filter = { comparison: "all", text: "", seeds: "together" };
  const together = joinedCells(data);
  const place = h("div", { id: "leaderboard" });
  const about = h("div");
  const columns = [
    { title: "system", value: (cell) => cell.system, show: (cell) => [
      h("a", { href: addressOf(cell) }, cell.system),
      cell.random.length ? h("span", { class: "tag" }, "RANDOM WEIGHTS") : ""] },
    ...["macro F1", "accuracy", "UAR"].map(scoreColumn),
    ...(data.cells.some((cell) => cell.published) ? ["macro F1", "accuracy"].map(differenceColumn) : []),
    { title: "encoders", value: (cell) => cell.encoders, show: (cell) => cell.encoders },
    { title: "head", value: (cell) => cell.head, show: (cell) => cell.head + (cell.settings ? ", " + cell.settings : "") },
    ...(data.comparisons.length > 1 ? [{ title: "measured on", value: (cell) => data.comparisons[cell.comparison].title,
      show: (cell) => data.comparisons[cell.comparison].title }] : []),
    { title: "parameters", figure: true, value: (cell) => cell.parameters, show: (cell) => count(cell.parameters) },
  ];
  function draw() {
    const words = filter.text.toLowerCase().split(/\s+/).filter(Boolean);
    const rows = (filter.seeds === "together" ? together : data.cells).filter((cell) =>
      (filter.comparison === "all" || String(cell.comparison) === filter.comparison) &&
      words.every((word) => (cell.system + " " + cell.encoders + " " + cell.head).toLowerCase().includes(word)));
    place.replaceChildren(sortableTable(columns, rows, {
      by: 1,
      onrow: (cell, event) => { if (!event.target.closest("a")) location.hash = addressOf(cell); },
    }));
    const shown = filter.comparison === "all" ? data.comparisons : [data.comparisons[Number(filter.comparison)]];
    about.replaceChildren(...shown.map((comparison) => h("p", { class: "caption" },
      h("b", {}, comparison.title), ". ", comparison.statement, " ", comparison.chance, " ", comparison.intervals, " Training: " + comparison.settings + ".")));
  }
  draw();
  return [
    h("h1", {}, `${together.length} ${together.length === 1 ? "system" : "systems"}`
      + (together.length < data.cells.length ? `, ${data.cells.length} results` : "")),
    h("p", { class: "soft" }, "Percent, mean ± standard deviation over folds; below, all clips at once with its 95 % interval. A heading sorts; a row opens its page. ",
      data.cells.some((cell) => cell.published) ? "Δ: points above what the study published. " : "",
      data.comparisons.length > 1 ? "Only rows with the same “measured on” can be compared." : ""),
    h("div", { class: "controls" },
      choice("measured on", [["all", "everything"], ...data.comparisons.map((c, i) => [i, c.title])], "all",
        (value) => { filter.comparison = value; draw(); }, "which"),
      data.repeats.length ? choice("seeds of a system", [["together", "together"], ["apart", "apart"]], "together",
        (value) => { filter.seeds = value; draw(); }, "seeds") : null,
      h("label", {}, "find", h("input", { type: "search", id: "find", placeholder: "encoder, head…",
        oninput: (event) => { filter.text = event.target.value; draw(); } }))),
    place,
    h("h2", {}, "How to read these figures"),
    about,
  ];
}
