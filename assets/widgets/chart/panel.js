// One chart: plotly's drawing in its frame, what lies over it, and what plotly tells.

function makePanel(number) {
  const holder = document.createElement("figure");
  const caption = document.createElement("figcaption");
  const frame = document.createElement("div");
  const plot = document.createElement("div");
  const over = document.createElement("canvas");
  const shield = document.createElement("div");
  frame.className = "frame";
  plot.className = "plot";
  over.className = "over";
  shield.className = "shield";
  caption.append(document.createElement("b"), document.createElement("span"));
  frame.append(plot, over, shield);
  holder.append(caption, frame);
  stage.append(holder);
  caption.hidden = !linked();
  frame.style.height = linked() ? "" : `${own.height}px`;
  const panel = { number, holder, caption, frame, plot, over, shield, at: new Float32Array(), pen: null };
  if (linked()) listen(panel);
  let width = 0;
  new ResizeObserver(() => {
    const now = plot.clientWidth;
    if (now && now !== width && width && plot._fullLayout) Plotly.Plots.resize(plot).then(draw);
    width = now || width;
  }).observe(plot);
  return panel;
}

async function drawPanel(panel) {
  const figure = shown.figures[panel.number];
  const [title, note] = panel.caption.children;
  title.textContent = shown.titles[panel.number] ?? "";
  note.textContent = shown.notes[panel.number] ?? "";
  panel.caption.hidden = !title.textContent;
  const data = figure.data.map(painted);
  if (linked()) {
    for (const trace of data) {
      trace.visible = isVisible(trace);
      if (holdsPoints(trace)) trace.marker.opacity = opacityOf(trace);
    }
  }
  panel.config ??= configOf(panel); // another one, though equal, would lose zoom and camera
  const layout = layoutOf(figure);
  if (panel.ranges) [layout.xaxis.range, layout.yaxis.range] = panel.ranges.map((range) => [...range]);
  await Plotly.react(panel.plot, data, layout, panel.config);
  if (panel.ranges && !panel.settled) settle(panel);
  if (panel.heard) return;
  panel.heard = true; // plotly's element can only tell once it has been drawn
  if (linked()) hear(panel);
}

function hear(panel) {
  const { plot } = panel;
  const numberIn = (event) => event?.points?.[0]?.customdata ?? -1;
  plot.on("plotly_hover", (event) => show(numberIn(event)));
  plot.on("plotly_unhover", () => show(-1));
  plot.on("plotly_click", (event) => {
    if (!isDeep()) pick(numberIn(event)); // in three dimensions it also tells of a drag: see hand.js
  });
  plot.on("plotly_selected", (event) => select(panel, event));
  plot.on("plotly_deselect", () => select(panel, null));
  for (const name of ["relayouting", "relayout", "afterplot"]) plot.on(`plotly_${name}`, drawSoon);
}

// A cloud's chart shows all of its points at first, and stays there whatever is left out of them.
function aim(panel) {
  const { uirevision } = shown.figures[panel.number].layout;
  if (panel.aimedAt === uirevision) return;
  panel.aimedAt = uirevision;
  panel.settled = false;
  panel.ranges = isDeep() ? null : rangesAhead(panel);
}

// What plotly made of the ranges; given again, they are the same to it, and it keeps what a hand has moved.
function settle(panel) {
  panel.settled = true;
  panel.ranges = ["xaxis", "yaxis"].map((name) => [...panel.plot._fullLayout[name].range]);
}

// Of linked charts: a class's points, or the lines around them.
const holdsPoints = ({ customdata }) => Boolean(customdata);
const isVisible = (trace) =>
  (holdsPoints(trace) || lines) && !groups.find(({ name }) => name === trace.name)?.hidden;
const hasLines = () => !shown.figures[0].data.every(holdsPoints); // not in space, nor of few points
const isHaze = () => (lines && hasLines()) || thumbnails; // what is read is drawn over the points
const opacityOf = ({ meta }) => (meta?.few ? 1 : isHaze() ? HAZE : FULL);

// The traces of linked charts: where every point is, and to which group it belongs.
function readPoints() {
  const { count } = linked();
  const dims = isDeep() ? 3 : 2;
  groupOf = new Int16Array(count).fill(-1);
  const hidden = new Set(groups.filter((group) => group.hidden).map((group) => group.name));
  groups = shown.figures[0].data.filter(holdsPoints).map(({ name, marker, meta }) => ({
    name,
    few: meta?.few ?? false,
    colour: marker.color.startsWith("var") ? painted(marker.color) : marker.color,
    symbol: marker.symbol,
    hidden: hidden.has(name),
  }));
  for (const panel of panels) {
    panel.at = new Float32Array(count * dims);
    shown.figures[panel.number].data.filter(holdsPoints).forEach((trace, group) => {
      const which = numbers(trace.customdata);
      const along = ["x", "y", "z"].slice(0, dims).map((name) => numbers(trace[name]));
      for (let k = 0; k < which.length; k++) {
        groupOf[which[k]] = group;
        for (let d = 0; d < dims; d++) panel.at[dims * which[k] + d] = along[d][k];
      }
    });
  }
  panels.forEach(aim);
}
