// Film strip: frames and distances arrive once; dragging, keys and drawing need no server.
const film = element.querySelector(".film");
const strip = element.querySelector(".strip");
const rows = element.querySelector(".rows");
const chart = element.querySelector(".chart");
const head = element.querySelector(".head");
const [left, right] = element.querySelectorAll(".now figure");
const table = element.querySelector("table");
const time = element.querySelector(".t");
const use = element.querySelector("button");
const [first, second] = element.querySelectorAll(".legend span");
const ROW = 44;
const CHART = 76;
const GAP = 3;
strip.setAttribute("aria-label", props.label);
use.textContent = own.use;
use.hidden = !own.use;
left.lastChild.textContent = own.paths[0];
right.lastChild.textContent = own.paths[1];
left.firstChild.setAttribute("aria-label", own.paths[0]);
right.firstChild.setAttribute("aria-label", own.paths[1]);
first.textContent = own.measures[0];
second.textContent = own.measures[1];

let data = null;
let count = 0;
let at = 0;
let inset = 0; // inset: half a frame, where t = 0 stands
const t = () => (count > 1 ? at / (count - 1) : 0);
const frame = (index) => {
  const small = document.createElement("canvas");
  lab.paint(small, props.value.frames, data, index);
  return small;
};

const number = (value) =>
  value >= 100 ? value.toFixed(0) : value >= 10 ? value.toFixed(1) : value.toFixed(2);
const cell = (tag, text, hue) => {
  const node = document.createElement(tag);
  node.textContent = text;
  if (hue) node.className = hue;
  return node;
};
// Travelled up to here and in all, each path in each distance: straight in its own space, longer in the
// other.
const drawTable = () => {
  const travelled = props.value.travelled;
  const line = (name, path) => {
    const tr = document.createElement("tr");
    const values = ["induced", "pixel"].map((measure) => travelled[path][measure]);
    tr.append(
      cell("th", name, path),
      ...values.map((v) => cell("td", `${number(v[at])} / ${number(v[count - 1])}`)),
    );
    return tr;
  };
  const top = document.createElement("tr");
  top.append(cell("th", ""), ...own.measures.map((name) => cell("th", name)));
  table.replaceChildren(top, line(own.paths[0], "induced"), line(own.paths[1], "pixel"));
};

const drawRows = (width) => {
  const shown = Math.max(2, Math.min(count, Math.floor((width + GAP) / (ROW + GAP))));
  const size = Math.min(ROW + 16, (width - GAP * (shown - 1)) / shown);
  inset = size / 2;
  const context = lab.sharp(rows, width, 2 * size + GAP);
  context.clearRect(0, 0, width, 2 * size + GAP);
  for (let i = 0; i < shown; i++) {
    const index = Math.round((i * (count - 1)) / (shown - 1));
    const x = (i * (width - size)) / (shown - 1);
    context.drawImage(frame(index), x, 0, size, size);
    context.drawImage(frame(count + index), x, size + GAP, size, size);
  }
};

// How much of each distance one step of the ⊕ path takes: even steps in the space, uneven ones in pixels.
const drawChart = (width) => {
  const context = lab.sharp(chart, width, CHART);
  context.clearRect(0, 0, width, CHART);
  const path = props.value.travelled.induced;
  const steps = (v) => v.slice(1).map((value, i) => (value - v[i]) / Math.max(v[count - 1], 1e-9));
  const series = [
    ["--lab-pixel", steps(path.pixel)],
    ["--lab-induced", steps(path.induced)],
  ];
  const top = 1.15 * Math.max(...series.flatMap(([, values]) => values), 1e-9);
  for (const [hue, values] of series) {
    context.strokeStyle = context.fillStyle = lab.colour(hue);
    context.lineWidth = 2;
    context.beginPath();
    values.forEach((value, i) => {
      const x = inset + ((i + 0.5) / (count - 1)) * (width - 2 * inset);
      const y = CHART - 2 - (value / top) * (CHART - 8);
      if (i === 0) context.moveTo(inset, y);
      context.lineTo(x, y);
      if (i === values.length - 1) context.lineTo(width - inset, y);
    });
    context.stroke();
    context.lineTo(width - inset, CHART);
    context.lineTo(inset, CHART);
    context.globalAlpha = 0.1;
    context.fill();
    context.globalAlpha = 1;
  }
};

const show = () => {
  lab.paint(left.firstChild, props.value.frames, data, at);
  lab.paint(right.firstChild, props.value.frames, data, count + at);
  head.style.left = `${inset + t() * (strip.clientWidth - 2 * inset)}px`;
  time.textContent = `t = ${t().toFixed(2)}`;
  strip.setAttribute("aria-valuenow", t().toFixed(3));
  strip.setAttribute("aria-valuetext", time.textContent);
  film.dataset.state = String(at);
  drawTable();
};

const draw = () => {
  film.hidden = !props.value?.frames;
  if (film.hidden) return;
  data = lab.bytes(props.value.frames);
  const frames = props.value.frames.count / 2;
  if (frames !== count) {
    count = frames;
    at = Math.floor(count / 2);
  }
  const width = strip.clientWidth;
  if (!width) return;
  drawRows(width);
  drawChart(width);
  show();
};

const go = (index) => {
  at = Math.max(0, Math.min(count - 1, index));
  show();
};
const follow = (event) => {
  const box = strip.getBoundingClientRect();
  go(Math.round(((event.clientX - box.left - inset) / (box.width - 2 * inset)) * (count - 1)));
};
lab.hold(strip, { begin: follow, move: follow, sideways: true });
const moves = {
  ArrowRight: 1,
  ArrowUp: 1,
  ArrowLeft: -1,
  ArrowDown: -1,
  PageUp: 4,
  PageDown: -4,
  Home: -1e6,
  End: 1e6,
};
strip.addEventListener("keydown", (event) => {
  if (!(event.key in moves)) return;
  event.preventDefault();
  go(at + moves[event.key]);
});
use.addEventListener("click", () => trigger("use", { t: t() }));

draw();
watch("value", draw);
lab.keepFresh(element, draw);
