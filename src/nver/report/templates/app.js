// Views by the part of the address after #: "", cell/3, seeds/0/3, map/0/3, and pages that are there from the start: study...
const data = JSON.parse(document.getElementById("data").textContent);
data.cells.forEach((cell, index) => { cell.index = index; });

function show() {
  const [view = "", first, second] = location.hash.replace(/^#\/?/, "").split("/");
  const still = [...document.querySelectorAll("main.still")];
  const names = still.map((page) => page.id);
  const place = document.getElementById("view");
  const cell = data.cells[Number(first)];
  const parts = view === "cell" && cell ? cellPage(data, cell)
    : view === "map" ? mapPage(data, Number(first || 0) in data.clipSets ? Number(first || 0) : 0, second === undefined ? null : Number(second),
      (set, index) => { location.hash = "#/map/" + set + (index === null ? "" : "/" + index); })
      : view === "pairs" ? pairsPage(data, Number(first || 0))
      : view === "seeds" && data.repeats.length ? seedsPage(data, data.repeats[Number(first || 0)] || data.repeats[0], second)
      : names.includes(view) ? [] : overview(data);
  place.replaceChildren(...parts.flat().filter((part) => part !== null && part !== undefined));
  place.hidden = names.includes(view);
  const notices = document.getElementById("notices");
  if (notices) notices.hidden = ["cell", "map", "pairs", "seeds", ...names].includes(view); // those say which of them concern them
  still.forEach((page) => { page.hidden = page.id !== view; });
  document.querySelectorAll("nav a").forEach((link) => {
    const here = link.dataset.view === (["map", "pairs", "seeds", ...names].includes(view) ? view : "overview");
    link.classList.toggle("here", here);
    if (here) link.setAttribute("aria-current", "page"); else link.removeAttribute("aria-current");
  });
  window.scrollTo(0, 0);
}
window.addEventListener("hashchange", show);
show();
document.body.dataset.ready = "yes";
