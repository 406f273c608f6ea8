// Scores of parts of the clips: one table a way of slicing, chosen by a button.
const withInterval = ([value, low, high]) => (value === null ? "–" : [percent(value), h("small", {}, ` [${percent(low)}, ${percent(high)}]`)]);

function sliceTable(slice) {
  const score = (title, place) => ({ title, figure: true, value: (row) => row[place][0], show: (row) => withInterval(row[place]) });
  return sortableTable([
    { title: slice.by, value: (row) => row[0], show: (row) => [row[0], row[3] ? h("span", { class: "tag" }, "FEW CLIPS") : ""] },
    score("accuracy", 5), score("macro F1", 6),
    { title: "clips", figure: true, value: (row) => row[1], show: (row) => row[1].toLocaleString("en") },
    { title: "speakers", figure: true, value: (row) => row[2], show: (row) => String(row[2]) },
    { title: "interval over", value: (row) => row[4], show: (row) => row[4] },
  ], slice.rows);
}

function slicesPart(cell) {
  if (!cell.slices.length) return null;
  const place = h("div");
  const buttons = cell.slices.map((slice) => h("button", { onclick: () => draw(slice) }, slice.by));
  function draw(slice) {
    place.replaceChildren(sliceTable(slice));
    buttons.forEach((button, i) => button.setAttribute("aria-pressed", String(cell.slices[i] === slice)));
  }
  draw(cell.slices[0]);
  return [h("h2", {}, "Slices"), h("div", { class: "controls", id: "slices" }, buttons), place,
    h("p", { class: "caption" }, "Percent with 95 % intervals: bootstrap over speakers where a slice has several, else over clips. "
      + "Macro F1 is over the classes with a clip or a guess in a slice. FEW CLIPS: fewer than 20.")];
}
