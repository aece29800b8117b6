// Spectrum handles: the singular values of A as a plot whose values are dragged where they stand.
//
// props.value: {model, moves, selected, show, log}, and from the server also base, its trained singular
// values; a move is one of ["set", i, v], ["keep", k], ["power", p], applied in order (moves.py states
// what they mean; here the same three rules only place the handles). Setting props.value is what asks the
// server; `pick` tells that another value was selected. This file is the tools and the start. The trained
// values of each model, by the widget's name: what is sent back leaves them out, they never change while
// dragging.
lab.spectra ??= {};

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
    mark(Math.min(selected, shown() - 1));
    rescale();
    draw();
    emit();
  });
}

function read() {
  const value = props.value || {};
  if (value.base) lab.spectra[props.label] = value.base;
  base = lab.spectra[props.label] || [];
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
