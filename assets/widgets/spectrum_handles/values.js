// The singular values and the moves that were made with them.
const LIMIT = 1000; // no value goes above
const CUT = 0.05; // of the largest: what a negative power takes as zero
const TINY = 1e-6; // the same for other powers
const FLOOR = 1e-4; // of the top: the lowest value that a logarithmic scale shows

// what the server sees; model is only handed back
let model;
let moves = [];
let selected = 0;
let show = 16;
let log = false;

// what the plot shows
let base = [];
let values = [];
let top = 1;
let low = 1e-3;
let past = []; // earlier lists of moves, for undo
let drag = null;
let brush = false;
let pending = 0;

const round4 = (v) => Number(v.toPrecision(4));
const clamp = (v, a, b) => Math.min(b, Math.max(a, v));
const shown = () => (show ? Math.min(show, base.length) : base.length);

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
