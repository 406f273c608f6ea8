// A chart of shares over shares, both axes in percent. Lines: {name, points, colour, dashed, dots}.
function sharesFigure(title, { across, up, lines, right = 1, top = 1 }) {
  const [width, height, left, below, above] = [400, 300, 48, 40, 26];
  const x = (share) => left + ((width - left - 12) * share) / right;
  const y = (share) => height - below - ((height - above - below) * share) / top;
  const figure = s("svg", { viewBox: `0 0 ${width} ${height}`, width, role: "img", "aria-label": title });
  figure.append(s("text", { x: left, y: 14, "font-size": 13, "font-weight": 600 }, title));
  for (let k = 0; k <= 4; k++) {
    figure.append(
      s("line", { x1: left, x2: width - 12, y1: y((top * k) / 4), y2: y((top * k) / 4), stroke: "#e6eaee" }),
      s("text", { x: left - 6, y: y((top * k) / 4), "font-size": 11, "text-anchor": "end", "dominant-baseline": "central" }, (25 * k * top).toFixed(0)),
      s("text", { x: x((right * k) / 4), y: height - below + 16, "font-size": 11, "text-anchor": "middle" }, (25 * k * right).toFixed(0)));
  }
  figure.append(
    s("text", { x: (left + width) / 2, y: height - 4, "font-size": 11, "text-anchor": "middle" }, across),
    s("text", { x: 11, y: (height - below + above) / 2, "font-size": 11, "text-anchor": "middle", transform: `rotate(-90 11 ${(height - below + above) / 2})` }, up));
  for (const line of lines) {
    const path = line.points.map(([a, b], i) => `${i ? "L" : "M"}${x(a).toFixed(1)} ${y(b).toFixed(1)}`).join("");
    figure.append(s("path", { d: path, fill: "none", stroke: line.colour, "stroke-width": 1.5, "stroke-dasharray": line.dashed ? "4 3" : null },
      s("title", {}, line.name)));
    if (line.dots) {
      line.points.forEach(([a, b, n]) => figure.append(s("circle", { cx: x(a), cy: y(b), r: 3.2, fill: line.colour },
        s("title", {}, `${percent(a)} ${across}, ${percent(b)} ${up}` + (n ? `: ${n} clips` : "")))));
    }
  }
  return figure;
}

// Up to the next fifth, so that four marks on an axis are round.
const roomFor = (largest) => Math.min(1, Math.ceil(largest * 5 + 0.01) / 5);

function certaintyPart(found, intervals) {
  const [blue, vermilion, grey] = ["#0072B2", "#D55E00", "#8a94a0"];
  const widest = roomFor(Math.max(...found.bins.map(([c, a]) => Math.max(c, a))));
  const decimals = ([value, ends]) => (value === null ? "∞" : value.toFixed(3) + (ends ? ` [${ends[0].toFixed(3)}, ${ends[1].toFixed(3)}]` : ""));
  const last = found.curve[found.curve.length - 1][1];
  const card = (value, title) => h("div", { class: "card" }, h("b", {}, value), h("span", {}, title));
  return [
    h("div", { class: "cards" },
      card(percent(found.ece), "ECE, percent"), card(percent(found.confidence), "mean confidence, percent"),
      card(found.brier[0].toFixed(3), "Brier " + decimals(found.brier).replace(/^\S+ ?/, "")),
      card(found.nll[0] === null ? "∞" : found.nll[0].toFixed(3), "NLL, nats " + decimals(found.nll).replace(/^\S+ ?/, "")),
      card(percent(found.aurc), `AURC, percent; ${percent(found.excess)} above the least`)),
    h("div", { class: "columns" },
      sharesFigure("reliability", { across: "confidence, percent", up: "guessed right, percent", right: widest, top: widest, lines: [
        { name: "promises kept", points: [[0, 0], [widest, widest]], colour: grey, dashed: true },
        { name: "bins", points: found.bins, colour: vermilion, dots: true }] }),
      sharesFigure("risk by coverage", { across: "answered, percent of clips", up: "wrong, percent of answers", top: roomFor(Math.max(...found.curve.map((point) => point[1]))), lines: [
        { name: "answering at random", points: [[0, last], [1, last]], colour: grey, dashed: true },
        { name: "the most confident first", points: found.curve, colour: blue, dots: found.curve.length < 3 }] })),
    h("p", { class: "caption" }, `Probabilities ${found.how}. Bins hold equal numbers of clips; on the diagonal promises are kept. `
      + "Left on the curve only the most confident clips are answered. ECE: distance of confidence from accuracy, without an interval, since a draw of speakers makes it larger by itself. " + intervals),
  ];
}
