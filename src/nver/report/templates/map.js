// Shapes around a point, as the figures for print have them.
const SHAPES = {
  o: (pen, x, y, r) => pen.arc(x, y, r, 0, 2 * Math.PI),
  s: (pen, x, y, r) => pen.rect(x - 0.88 * r, y - 0.88 * r, 1.76 * r, 1.76 * r),
  "^": (pen, x, y, r) => { pen.moveTo(x, y - 1.2 * r); pen.lineTo(x + 1.1 * r, y + 0.8 * r); pen.lineTo(x - 1.1 * r, y + 0.8 * r); pen.closePath(); },
  D: (pen, x, y, r) => { pen.moveTo(x, y - 1.3 * r); pen.lineTo(x + 1.3 * r, y); pen.lineTo(x, y + 1.3 * r); pen.lineTo(x - 1.3 * r, y); pen.closePath(); },
};
const OUTLINES = { o: "M-5 0a5 5 0 1 0 10 0a5 5 0 1 0 -10 0", s: "M-4.4 -4.4h8.8v8.8h-8.8z", "^": "M0 -6L5.5 4L-5.5 4z", D: "M0 -6L6 0L0 6L-6 0z" };
const REACH = 14; // pixels from a point at which it is still meant

// Points on a canvas: dragged, zoomed, pointed at. It knows places, colours and visibility, and nothing of clips.
function scatter(stage, { onhover, onpick }) {
  const canvas = h("canvas", { tabindex: "0", role: "img", "aria-label": "Map of the clips. Left and right step through those shown; Enter picks one." });
  const pen = canvas.getContext("2d");
  const state = { places: new Int16Array(0), look: () => ["#000", "o"], shown: [], zoom: 1, dx: 0, dy: 0, marked: -1 };
  stage.append(canvas, h("button", { onclick: reset }, "whole map"));
  const pointers = new Map();
  let moved = 0;
  let waiting = false;

  const scale = () => (Math.min(canvas.clientWidth, canvas.clientHeight) / 2 / 31500) * state.zoom;
  const at = (i) => [canvas.clientWidth / 2 + state.dx + state.places[2 * i] * scale(), canvas.clientHeight / 2 + state.dy - state.places[2 * i + 1] * scale()];
  function nearest(x, y) {
    let best = -1;
    let reach = REACH * REACH;
    for (const i of state.shown) {
      const [px, py] = at(i);
      const d = (px - x) ** 2 + (py - y) ** 2;
      if (d < reach) [best, reach] = [i, d];
    }
    return best;
  }
  function paint() {
    waiting = false;
    const ratio = window.devicePixelRatio || 1;
    const [width, height] = [canvas.clientWidth, canvas.clientHeight];
    if (canvas.width !== Math.round(width * ratio) || canvas.height !== Math.round(height * ratio)) {
      canvas.width = Math.round(width * ratio);
      canvas.height = Math.round(height * ratio);
    }
    pen.setTransform(ratio, 0, 0, ratio, 0, 0);
    pen.clearRect(0, 0, width, height);
    const n = state.shown.length;
    const r = Math.min(9, (n > 4000 ? 2.4 : n > 1200 ? 3.2 : 4.4) * Math.sqrt(Math.sqrt(state.zoom)));
    const groups = new Map();
    for (const i of state.shown) {
      const look = state.look(i);
      if (!groups.has(look)) groups.set(look, []);
      groups.get(look).push(i);
    }
    pen.globalAlpha = 0.82;
    for (const [[colour, marker], members] of groups) {
      pen.beginPath();
      for (const i of members) {
        const [x, y] = at(i);
        if (x < -9 || y < -9 || x > width + 9 || y > height + 9) continue;
        pen.moveTo(x + r, y);
        SHAPES[marker](pen, x, y, r);
      }
      pen.fillStyle = colour;
      pen.fill();
    }
    pen.globalAlpha = 1;
    if (state.marked >= 0) {
      pen.beginPath();
      const [x, y] = at(state.marked);
      pen.arc(x, y, r + 5, 0, 2 * Math.PI);
      pen.lineWidth = 2;
      pen.strokeStyle = "#1c2430";
      pen.stroke();
    }
  }
  function draw() { if (!waiting) { waiting = true; requestAnimationFrame(paint); } }
  function zoomAt(x, y, factor) {
    const zoom = Math.min(60, Math.max(0.7, state.zoom * factor));
    const [cx, cy] = [canvas.clientWidth / 2, canvas.clientHeight / 2];
    state.dx = x - cx - ((x - cx - state.dx) * zoom) / state.zoom;
    state.dy = y - cy - ((y - cy - state.dy) * zoom) / state.zoom;
    state.zoom = zoom;
    draw();
  }
  function reset() { Object.assign(state, { zoom: 1, dx: 0, dy: 0 }); draw(); }
  const middle = () => { const all = [...pointers.values()]; return [0, 1].map((k) => all.reduce((sum, p) => sum + p[k], 0) / all.length); };
  const width = () => { const [a, b] = [...pointers.values()]; return Math.hypot(a[0] - b[0], a[1] - b[1]); };

  canvas.addEventListener("wheel", (event) => { event.preventDefault(); zoomAt(event.offsetX, event.offsetY, Math.exp(-event.deltaY / 400)); onhover(-1); }, { passive: false });
  canvas.addEventListener("dblclick", (event) => zoomAt(event.offsetX, event.offsetY, 2));
  canvas.addEventListener("pointerdown", (event) => { canvas.setPointerCapture(event.pointerId); pointers.set(event.pointerId, [event.offsetX, event.offsetY]); moved = 0; });
  canvas.addEventListener("pointermove", (event) => {
    const now = [event.offsetX, event.offsetY];
    if (!pointers.has(event.pointerId)) { const i = nearest(...now); onhover(i, ...(i < 0 ? now : at(i))); return; }
    const [before, apart] = [middle(), pointers.size === 2 ? width() : 0];
    pointers.set(event.pointerId, now);
    const after = middle();
    moved += Math.hypot(after[0] - before[0], after[1] - before[1]);
    state.dx += after[0] - before[0];
    state.dy += after[1] - before[1];
    if (apart) { moved += REACH; zoomAt(...after, width() / apart); }
    if (moved > 3) onhover(-1);
    draw();
  });
  const up = (event) => {
    if (!pointers.delete(event.pointerId) || event.type === "pointercancel") return;
    const i = moved <= 3 ? nearest(event.offsetX, event.offsetY) : -1;
    if (i >= 0) onpick(i);
  };
  canvas.addEventListener("pointerup", up);
  canvas.addEventListener("pointercancel", up);
  canvas.addEventListener("pointerleave", () => onhover(-1));
  canvas.addEventListener("keydown", (event) => {
    const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    if (step && state.shown.length) {
      const n = state.shown.length;
      const now = state.shown.indexOf(state.marked);
      state.marked = state.shown[now < 0 ? 0 : (now + step + n) % n];
      onhover(state.marked, ...at(state.marked));
      draw();
      event.preventDefault();
    } else if (event.key === "Enter" && state.marked >= 0) onpick(state.marked);
  });
  new ResizeObserver(draw).observe(canvas);
  return { at, show: (changes) => { Object.assign(state, changes); draw(); } };
}

function audioOf(data, setIndex, i) {
  const chunk = document.getElementById(`audio-${setIndex}-${Math.floor(i / data.clipsAChunk)}`);
  const base64 = chunk ? chunk.textContent.split(",")[i % data.clipsAChunk] : "";
  return base64 ? "data:audio/ogg;base64," + base64 : null;
}

function legendOf(names, looks, counts) {
  return h("ul", { class: "legend" }, names.map((name, k) => {
    const [colour, marker] = looks[k % looks.length];
    return h("li", {}, s("svg", { width: 14, height: 14, viewBox: "-7 -7 14 14" }, s("path", { d: OUTLINES[marker], fill: colour })), `${name} (${counts[k]})`);
  }));
}

function mapPage(data, setIndex, cellIndex, go) {
  const set = data.clipSets[setIndex];
  const cells = data.cells.filter((cell) => data.comparisons[cell.comparison].clipSet === setIndex);
  const cell = cells.find((one) => one.index === cellIndex) || cells[0];
  const sets = choice("clips", data.clipSets.map((one, i) => [i, one.slug]), setIndex, (value) => go(Number(value), null), "clips");
  const title = h("h1", {}, "Embedding map");
  const missing = set.missing.length ? h("p", { class: "notice" }, "Not shown: " + set.missing.join("; ") + ".") : "";
  if (!set.maps.length) return [title, h("div", { class: "controls" }, sets), missing];

  const [truth, guess, sure, fold] = [indicesOf(set.truth), indicesOf(cell.guess), bytesOf(cell.sure), indicesOf(data.folds[cell.fold])];
  const categories = Object.fromEntries(Object.entries(set.categories).map(([name, one]) => [name, { names: one.names, of: indicesOf(one.of) }]));
  categories.guess = { names: set.labels, of: guess };
  categories.fold = { names: cell.history.map((past) => past.name), of: fold };
  categories["right or wrong"] = { names: ["right", "wrong"], of: Uint16Array.from(truth, (label, i) => Number(label !== guess[i])) };
  const chosen = { encoder: 0, colour: "emotion", emotion: "all", speaker: "all", fold: "all", "right or wrong": "all" };
  const hears = data.audio.includes(setIndex);

  const tip = h("div", { class: "tip", hidden: true, id: "tip" });
  const stage = h("div", { class: "stage" }, tip);
  const legend = h("div", { id: "legend" });
  const count = h("p", { class: "soft", id: "count", role: "status" });
  const panel = h("div", { class: "chosen", id: "chosen", "aria-live": "polite" }, hears ? "Click a point to hear its clip." : "Click a point to keep its clip here.");
  const facts = (i) => [
    h("b", {}, set.ids[i]),
    h("div", {}, "true: " + set.labels[truth[i]]),
    h("div", {}, `guess: ${set.labels[guess[i]]} (${Math.round(sure[i] / 2.55)} %, `, h("span", {}, truth[i] === guess[i] ? "right" : "wrong"), ")"),
    h("div", {}, "speaker: " + (categories.speaker ? categories.speaker.names[categories.speaker.of[i]] : "unknown")),
    h("div", {}, "fold: " + categories.fold.names[fold[i]]),
  ];
  function hover(i, x, y) {
    tip.hidden = i < 0;
    if (i < 0) return;
    tip.replaceChildren(...facts(i), hears ? h("div", {}, "click: play") : "");
    tip.style.left = Math.max(4, Math.min(x + 14, stage.clientWidth - tip.offsetWidth - 6)) + "px";
    tip.style.top = Math.max(4, y + 16 + tip.offsetHeight > stage.clientHeight ? y - 14 - tip.offsetHeight : y + 16) + "px";
  }
  function pick(i) {
    const source = audioOf(data, setIndex, i);
    const player = source ? h("audio", { controls: true, src: source, id: "player" }) : null;
    panel.replaceChildren(...facts(i), player || (hears ? "No copy of this clip in the report." : ""));
    plot.show({ marked: i });
    if (player) player.play();
  }
  const plot = scatter(stage, { onhover: hover, onpick: pick });
  function draw() {
    const colour = categories[chosen.colour];
    const filters = ["emotion", "speaker", "fold", "right or wrong"].filter((name) => chosen[name] !== "all");
    const shown = [];
    const counts = new Array(colour.names.length).fill(0);
    for (let i = 0; i < truth.length; i++) {
      if (filters.every((name) => categories[name].of[i] === Number(chosen[name]))) { shown.push(i); counts[colour.of[i]] += 1; }
    }
    const looks = data.looks;
    plot.show({ places: placesOf(set.maps[chosen.encoder].places), shown, look: (i) => looks[colour.of[i] % looks.length], marked: -1 });
    legend.replaceChildren(legendOf(colour.names, looks, counts),
      colour.names.length > looks.length ? h("p", { class: "caption" }, `${colour.names.length} values share ${looks.length} looks.`) : "");
    count.textContent = `${shown.length.toLocaleString("en")} of ${truth.length.toLocaleString("en")} clips`;
    hover(-1);
  }
  const filterOf = (name) => (categories[name]
    ? choice(name, [["all", "all"], ...categories[name].names.map((text, k) => [k, text])], "all", (value) => { chosen[name] = value; draw(); }, "filter-" + name.replaceAll(" ", "-"))
    : null);
  draw();
  return [title,
    h("p", { class: "soft" }, "Raw embeddings of the tested clips (t-SNE: neighbours are alike, distances between groups mean little). Drag to move, scroll or pinch to zoom."),
    missing,
    cell.notices.map((text) => h("p", { class: "notice" }, text)),
    h("div", { class: "controls" }, data.clipSets.length > 1 ? sets : null,
      choice("embeddings", set.maps.map((one, i) => [i, one.encoder]), 0, (value) => { chosen.encoder = Number(value); draw(); }, "encoder"),
      choice("coloured by", Object.keys(categories).map((name) => [name, name]), "emotion", (value) => { chosen.colour = value; draw(); }, "colour"),
      choice("guesses of", cells.map((one) => [one.index, `${one.system}, ${data.comparisons[one.comparison].protocol}`]), cell.index, (value) => go(setIndex, Number(value)), "guesses"),
      ["emotion", "speaker", "fold", "right or wrong"].map(filterOf)),
    h("div", { class: "map" }, stage, h("aside", {}, panel, count, legend))];
}
