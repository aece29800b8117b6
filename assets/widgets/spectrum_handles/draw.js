// The plot: where a value is drawn, its scale, bars and dots, and the words beside it.
const $ = (name) => element.querySelector(`[data-part="${name}"]`);
const plot = $("plot");
const canvas = $("canvas");
const handles = $("handles");
const pen = canvas.getContext("2d");
const PAD = { left: 46, right: 14, top: 26, bottom: 26 };

const subscript = (i) => String(i).replace(/[0-9]/g, (d) => "₀₁₂₃₄₅₆₇₈₉"[d]);
const pretty = (v) => (v !== 0 && v < 0.001 ? v.toExponential(1) : v.toPrecision(3));
const box = () => ({ w: plot.clientWidth, h: plot.clientHeight });
const column = () => (box().w - PAD.left - PAD.right) / shown();
const xOf = (i) => PAD.left + (i + 0.5) * column();
const heightOf = (v) =>
  log ? (v > 0 ? 0.06 + 0.94 * clamp(Math.log(v / low) / Math.log(top / low), 0, 1) : 0) : v / top;
const yOf = (v) => PAD.top + (1 - clamp(heightOf(v), 0, 1)) * (box().h - PAD.top - PAD.bottom);
const indexAt = (x) => clamp(Math.floor((x - PAD.left) / column()), 0, shown() - 1);

function valueAt(y) {
  const h = clamp(1 - (y - PAD.top) / (box().h - PAD.top - PAD.bottom), 0, 1);
  if (!log) return h * top;
  return h < 0.03 ? 0 : low * (top / low) ** clamp((h - 0.06) / 0.94, 0, 1);
}

function ticks() {
  if (!log) {
    const rough = top / 4;
    const unit = 10 ** Math.floor(Math.log10(rough));
    const step = [1, 2, 2.5, 5, 10].map((m) => m * unit).find((s) => s >= rough);
    return Array.from({ length: Math.floor(top / step) + 1 }, (_, i) => i * step);
  }
  const list = [0];
  for (let e = Math.ceil(Math.log10(low)); e <= Math.log10(top); e++) list.push(10 ** e);
  return list;
}

function drawGrid(w, colours) {
  pen.font = "12px system-ui, sans-serif";
  pen.textAlign = "right";
  pen.textBaseline = "middle";
  for (const tick of ticks()) {
    pen.fillStyle = colours.line;
    pen.fillRect(PAD.left, Math.round(yOf(tick)), w - PAD.left - PAD.right, 1);
    pen.fillStyle = colours.text;
    pen.fillText(String(Number(tick.toPrecision(2))), PAD.left - 8, yOf(tick));
  }
  pen.textAlign = "center";
  const least = (shown() * 34) / (w - PAD.left - PAD.right);
  const every = [1, 2, 4, 8, 16, 32, 64, 128].find((s) => s >= least) || 256;
  for (let i = every - 1; i < shown(); i += every) {
    if (Math.abs(xOf(i) - xOf(selected)) > 24) pen.fillText(String(i + 1), xOf(i), box().h - 11);
  }
}

function drawBars(colours) {
  const width = Math.max(1, Math.min(28, column() * 0.62));
  const floor = yOf(0);
  for (let i = 0; i < shown(); i++) {
    pen.fillStyle = colours.line;
    pen.fillRect(xOf(i) - width / 2, yOf(base[i]), width, floor - yOf(base[i]));
    const own = Math.max(1, width * 0.34);
    const y = yOf(values[i]);
    pen.fillStyle = i === selected ? colours.hot : colours.bar;
    pen.fillRect(xOf(i) - own / 2, y, own, floor - y);
  }
}

function drawDots(colours) {
  const radius = clamp(column() * 0.22, 1.5, 7);
  for (let i = 0; i < shown(); i++) {
    pen.fillStyle = i === selected ? colours.hot : colours.bar;
    pen.beginPath();
    pen.arc(xOf(i), yOf(values[i]), i === selected ? radius + 2 : radius, 0, 7);
    pen.fill();
  }
}

function drawSelected(colours) {
  if (selected >= shown()) return;
  const x = xOf(selected);
  const y = yOf(values[selected]);
  pen.strokeStyle = colours.hot;
  pen.lineWidth = 2;
  pen.beginPath();
  pen.arc(x, y, 12, 0, 7);
  pen.stroke();
  pen.fillStyle = colours.hot;
  pen.font = "600 13px system-ui, sans-serif";
  pen.textAlign = "center";
  pen.textBaseline = "middle";
  const label = `σ${subscript(selected + 1)} = ${pretty(values[selected])}`;
  const half = pen.measureText(label).width / 2;
  pen.fillText(label, clamp(x, PAD.left + half, box().w - PAD.right - half), Math.max(11, y - 22));
  pen.fillText(String(selected + 1), x, box().h - 11);
}

function draw() {
  const { w, h } = box();
  if (!w || !base.length) return;
  const ratio = window.devicePixelRatio || 1;
  if (canvas.width !== Math.round(w * ratio) || canvas.height !== Math.round(h * ratio)) {
    canvas.width = Math.round(w * ratio);
    canvas.height = Math.round(h * ratio);
  }
  pen.setTransform(ratio, 0, 0, ratio, 0, 0);
  pen.clearRect(0, 0, w, h);
  const colour = (name) => lab.colour(name, element);
  const colours = {
    text: colour("--lab-quiet"),
    line: colour("--lab-line"),
    bar: colour("--lab-text"),
    hot: colour("--lab-induced"),
  };
  drawGrid(w, colours);
  drawBars(colours);
  drawDots(colours);
  drawSelected(colours);
  placeHandles();
  tell();
}

function tell() {
  const last = moves.length ? moves[moves.length - 1] : [];
  $("readout").textContent = `σ${subscript(selected + 1)}, was ${pretty(base[selected])}`;
  if (document.activeElement !== $("number")) $("number").value = round4(values[selected]);
  if (document.activeElement !== $("keep"))
    $("keep").value = last[0] === "keep" ? keepPosition(last[1]) : 1000;
  if (document.activeElement !== $("power")) $("power").value = last[0] === "power" ? last[1] : 1;
  const kept = values.filter((v) => v > 0).length;
  $("keep-text").textContent = `${kept} of ${base.length}`;
  $("keep").setAttribute("aria-valuetext", `${kept} values kept`);
  $("power-text").textContent = (last[0] === "power" ? last[1] : 1).toFixed(2);
  $("undo").disabled = !past.length;
  $("reset").disabled = !moves.length;
  for (const button of element.querySelectorAll("[data-show]"))
    button.setAttribute("aria-pressed", Number(button.dataset.show) === show);
  $("log").setAttribute("aria-pressed", log);
  $("brush").setAttribute("aria-pressed", brush);
  element.dataset.state = JSON.stringify({ moves, selected });
}
