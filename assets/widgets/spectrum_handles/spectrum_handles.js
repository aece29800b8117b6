// Spectrum handles: the singular values of A as a plot whose values are dragged where they stand.
//
// props.value: {model, moves, selected, show, log}, and from the server also base, its trained singular values; a move is one of
// ["set", i, v], ["keep", k], ["power", p], applied in order (app/moves.py states what they mean; here the same
// three rules only place the handles). Setting props.value is what asks the server; `pick` tells
// that another value was selected.
const LIMIT = 1000;
const CUT = 0.05;
const TINY = 1e-6;
const FLOOR = 1e-4;
const $ = (name) => element.querySelector('[data-part="' + name + '"]');
const plot = $("plot");
const canvas = $("canvas");
const handles = $("handles");
const readout = $("readout");
const pen = canvas.getContext("2d");
const PAD = { left: 46, right: 14, top: 26, bottom: 26 };

let model;
let moves = [];
let selected = 0;
let show = 16;
let log = false; // what the server sees; model is only handed back
let past = []; // earlier lists of moves, for undo
let base = [];
let values = [];
let top = 1;
let low = 1e-3; // what the plot shows
const kept = (lab.spectra = lab.spectra || {});
let drag = null;
let pending = 0;
let brush = false;

const round4 = (v) => Number(v.toPrecision(4));
const clamp = (v, a, b) => Math.min(b, Math.max(a, v));
const subscript = (i) => String(i).replace(/[0-9]/g, (d) => "₀₁₂₃₄₅₆₇₈₉"[d]);
const shown = () => (show ? Math.min(show, base.length) : base.length);
const pretty = (v) => (v !== 0 && v < 0.001 ? v.toExponential(1) : v.toPrecision(3));

function moved(list, move) {
  if (move[0] === "set") return list.map((v, i) => (i === move[1] ? move[2] : v));
  if (move[0] === "keep") return list.map((v, i) => (i < move[1] ? v : 0));
  const cut = (move[1] < 0 ? CUT : TINY) * Math.max(...list);
  return list.map((v) => (v > cut ? Math.min(LIMIT, v ** move[1]) : 0));
}

function recompute() {
  values = moves.reduce(moved, base);
}

// Never while dragging: the plot must not move under the finger.
function rescale() {
  const seen = values.slice(0, shown());
  const trained = base.slice(0, shown());
  top = Math.min(LIMIT, Math.max(1.6 * Math.max(...trained), 1.25 * Math.max(...seen)));
  low = Math.max(FLOOR * top, Math.min(...trained.concat(seen).filter((v) => v > 0), top / 10) / 2);
}

// At most one per frame; Gradio keeps one in flight and the last one wins.
function emit() {
  if (pending) return;
  pending = requestAnimationFrame(() => {
    pending = 0;
    props.value = { model, moves, selected, show, log };
  });
}

function changed() {
  recompute();
  draw();
  emit();
}

function remember() {
  past.push(moves);
  if (past.length > 200) past.shift();
}

// One entry per value in the trailing run of single moves.
function setValue(index, v) {
  const entry = ["set", index, round4(clamp(v, 0, LIMIT))];
  let start = moves.length;
  while (start > 0 && moves[start - 1][0] === "set") start--;
  moves = moves.filter((m, i) => i < start || m[1] !== index).concat([entry]);
}

// --- where a value is drawn -------------------------------------------------------------------------------------
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

// --- drawing -----------------------------------------------------------------------------------------------------

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
  const label = "σ" + subscript(selected + 1) + " = " + pretty(values[selected]);
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

// --- real elements for keyboard, screen reader and finger ----------------------------------------------------------
const listed = () => (shown() <= 64 ? Array.from({ length: shown() }, (_, i) => i) : [selected]);

function makeHandle() {
  const handle = document.createElement("div");
  handle.setAttribute("role", "slider");
  handle.setAttribute("aria-orientation", "vertical");
  handle.setAttribute("aria-valuemin", "0");
  handle.tabIndex = 0;
  handle.className = "handle";
  return handle;
}

function placeHandles() {
  const list = listed();
  while (handles.children.length > list.length) handles.lastChild.remove();
  while (handles.children.length < list.length) handles.append(makeHandle());
  list.forEach((i, at) => {
    const handle = handles.children[at];
    handle.dataset.index = i;
    handle.style.transform = "translate(" + (xOf(i) - 22) + "px," + (yOf(values[i]) - 22) + "px)";
    handle.style.zIndex = i === selected ? 2 : 1;
    handle.setAttribute("aria-label", "Singular value " + (i + 1));
    handle.setAttribute("aria-valuemax", round4(top));
    handle.setAttribute("aria-valuenow", round4(values[i]));
    handle.setAttribute("aria-valuetext", pretty(values[i]) + ", trained " + pretty(base[i]));
  });
}

function tell() {
  const last = moves.length ? moves[moves.length - 1] : [];
  readout.textContent = "σ" + subscript(selected + 1) + ", was " + pretty(base[selected]);
  if (document.activeElement !== $("number")) $("number").value = round4(values[selected]);
  if (document.activeElement !== $("keep"))
    $("keep").value = last[0] === "keep" ? keepPosition(last[1]) : 1000;
  if (document.activeElement !== $("power")) $("power").value = last[0] === "power" ? last[1] : 1;
  const kept = values.filter((v) => v > 0).length;
  $("keep-text").textContent = kept + " of " + base.length;
  $("keep").setAttribute("aria-valuetext", kept + " values kept");
  $("power-text").textContent = (last[0] === "power" ? last[1] : 1).toFixed(2);
  $("undo").disabled = !past.length;
  $("reset").disabled = !moves.length;
  for (const button of element.querySelectorAll("[data-show]"))
    button.setAttribute("aria-pressed", Number(button.dataset.show) === show);
  $("log").setAttribute("aria-pressed", log);
  $("brush").setAttribute("aria-pressed", brush);
  element.dataset.state = JSON.stringify({ moves, selected });
}

// --- pointer ------------------------------------------------------------------------------------------------------
// A finger keeps the selected handle within its 44 px, a mouse takes the nearest.
function grabbed(x, y, touch) {
  const near = Math.hypot(x - xOf(selected), y - yOf(values[selected])) < 22;
  return touch && near && selected < shown() ? selected : indexAt(x);
}

function at(event) {
  const frame = plot.getBoundingClientRect();
  return { x: event.clientX - frame.left, y: event.clientY - frame.top };
}

function begin(event) {
  const { x, y } = at(event);
  const index = grabbed(x, y, event.pointerType !== "mouse");
  const offset = yOf(values[index]) - y;
  drag = { index, x, y, offset: Math.abs(offset) < 24 ? offset : 0, before: moves, started: false };
  select(index);
  focusHandle();
  handles.classList.add("by-pointer"); // the ring of the plot is enough; the ring of the keyboard comes with a key
  event.preventDefault();
}

function follow(event) {
  if (!drag) return; // Escape has ended it
  const { x, y } = at(event);
  if (!drag.started) {
    if (Math.hypot(x - drag.x, y - drag.y) < 3) return;
    drag.started = true;
    remember();
  }
  if (brush) sweep(drag.last || drag, { x, y });
  else setValue(drag.index, valueAt(y + drag.offset));
  drag.last = { x, y };
  changed();
}

// Every column between two pointer positions, so that a fast stroke has no holes.
function sweep(from, to) {
  const a = indexAt(from.x);
  const b = indexAt(to.x);
  const step = b < a ? -1 : 1;
  for (let i = a; ; i += step) {
    setValue(i, valueAt(a === b ? to.y : from.y + ((to.y - from.y) * (i - a)) / (b - a)));
    if (i === b) break;
  }
  selected = b;
}

function endDrag(cancelled) {
  if (!drag) return;
  if (cancelled && drag.started) {
    moves = drag.before;
    past.pop();
  }
  const started = drag.started;
  drag = null;
  if (started) {
    recompute();
    rescale();
    draw();
    emit();
  }
}
lab.hold(plot, { begin, move: follow, end: endDrag });

// --- keyboard -----------------------------------------------------------------------------------------------------
function select(index) {
  const next = clamp(index, 0, shown() - 1);
  if (next === selected) return;
  selected = next;
  draw();
  emit();
  trigger("pick", { model, index: selected });
}

function focusHandle() {
  const handle = [...handles.children].find((h) => Number(h.dataset.index) === selected);
  if (handle) handle.focus({ preventScroll: true });
}

const KEYS = {
  ArrowUp: 0.01,
  ArrowRight: 0.01,
  ArrowDown: -0.01,
  ArrowLeft: -0.01,
  PageUp: 0.1,
  PageDown: -0.1,
};

function nudged(key) {
  if (key === "Home") return 0;
  if (key === "End") return top;
  if (!log) return values[selected] + KEYS[key] * top;
  return values[selected] ? values[selected] * (top / low) ** KEYS[key] : KEYS[key] > 0 ? low : 0;
}

handles.addEventListener("focusin", (event) => select(Number(event.target.dataset.index)));
handles.addEventListener("keydown", (event) => {
  handles.classList.remove("by-pointer");
  if (event.key === "Escape") return endDrag(true);
  if (event.shiftKey && (event.key === "ArrowLeft" || event.key === "ArrowRight")) {
    select(selected + (event.key === "ArrowLeft" ? -1 : 1));
    focusHandle();
  } else if (event.key in KEYS || event.key === "Home" || event.key === "End") {
    if (!event.repeat) remember();
    setValue(selected, Math.min(nudged(event.key), top));
    changed();
  } else return;
  event.preventDefault();
});
handles.addEventListener("keyup", () => {
  if (!drag) {
    rescale();
    draw();
  }
});

// --- tools --------------------------------------------------------------------------------------------------------
const keepPosition = (k) => Math.round((1000 * Math.log(Math.max(1, k))) / Math.log(base.length));
const keepCount = (position) => Math.round(base.length ** (position / 1000));

// A slider edits its own last move, a button adds one.
function curve(move, fresh) {
  if (fresh) remember();
  const last = moves[moves.length - 1];
  moves = (!fresh && last && last[0] === move[0] ? moves.slice(0, -1) : moves).concat([move]);
  changed();
}

function curveSlider(name, move) {
  let fresh = true;
  $(name).addEventListener("input", (event) => {
    curve(move(Number(event.target.value)), fresh);
    fresh = false;
  });
  $(name).addEventListener("change", () => {
    fresh = true;
    rescale();
    draw();
  });
}
curveSlider("keep", (position) => ["keep", keepCount(position)]);
curveSlider("power", (p) => ["power", p]);
for (const [name, p] of [
  ["equalise", 0],
  ["invert", -1],
]) {
  $(name).addEventListener("click", () => {
    curve(["power", p], true);
    rescale();
    draw();
  });
}

function replaceMoves(next) {
  moves = next;
  recompute();
  rescale();
  draw();
  emit();
}
$("undo").addEventListener("click", () => {
  if (past.length) replaceMoves(past.pop());
});
$("reset").addEventListener("click", () => {
  if (moves.length) {
    remember();
    replaceMoves([]);
  }
});
$("previous").addEventListener("click", () => select(selected - 1));
$("next").addEventListener("click", () => select(selected + 1));
$("log").addEventListener("click", () => {
  log = !log;
  draw();
  emit();
});
$("brush").addEventListener("click", () => {
  brush = !brush;
  draw();
});
$("number").addEventListener("change", (event) => {
  const v = Number(event.target.value);
  if (event.target.value !== "" && Number.isFinite(v)) {
    remember();
    setValue(selected, v);
    recompute();
    rescale();
    emit();
  }
  event.target.value = round4(values[selected]);
  draw();
});
for (const button of element.querySelectorAll("[data-show]")) {
  button.addEventListener("click", () => {
    show = Number(button.dataset.show);
    selected = Math.min(selected, shown() - 1);
    rescale();
    draw();
    emit();
  });
}

// --- what comes from the server ------------------------------------------------------------------------------------
function read() {
  const value = props.value || {};
  if (value.base) kept[props.label] = value.base; // what is sent back leaves it out: it never changes while dragging
  base = kept[props.label] || [];
  model = value.model;
  moves = value.moves || [];
  show = value.show ?? (window.innerWidth < 600 ? 8 : 16); // on a phone 44 px for each finger
  log = Boolean(value.log);
  selected = clamp(value.selected || 0, 0, Math.max(0, shown() - 1));
  past = moves.map((_, i) => moves.slice(0, i));
  if (base.length) {
    recompute();
    rescale();
    draw();
  }
}
watch("value", read);
lab.keepFresh(element, draw);
read();
