// What all files of the chart share: its parts, what is shown, the points that linked charts have in common.
let Plotly = null; // once its script is there, see still.js
const $ = (name) => element.querySelector(`[data-part="${name}"]`);
const stage = $("stage");
const told = $("told");
const TOUCH = window.matchMedia("(pointer: coarse)");

let shown = null; // the value, see app/widgets/chart.py
let panels = []; // one for each figure
let groups = []; // of linked charts: {name, colour, symbol, hidden} for each trace
let groupOf = new Int16Array(); // of each point; −1 is in no trace
let hover = -1;
let picked = -1;
let chosen = 0; // points in a lasso or box
let walk = null;
let thumbnails = false;
let ahead = 0; // points that stood there before plotly was
let lines = false; // around the densest part of each class
let byHand = false; // a finger on a chart means the chart, not the page
const FULL = 0.85; // how much a point covers
const HAZE = 0.2;
let pending = 0;
let turns = 0;

const ink = (name) => lab.colour(name, element);
const linked = () => shown?.linked ?? null;
const isDeep = () => shown?.figures[0]?.data.some((trace) => trace.type === "scatter3d") ?? false;
const nameOf = (i) => groups[groupOf[i]]?.name ?? "";

const ARRAYS = {
  f4: Float32Array,
  f8: Float64Array,
  i4: Int32Array,
  i2: Int16Array,
  i1: Int8Array,
  u1: Uint8Array,
};
ARRAYS.u2 = Uint16Array;
ARRAYS.u4 = Uint32Array;

// The numbers of plotly's {dtype, bdata}, or of a plain list.
function numbers(given) {
  if (!given?.bdata) return given ?? [];
  const text = atob(given.bdata);
  const bytes = new Uint8Array(text.length);
  for (let i = 0; i < text.length; i++) bytes[i] = text.charCodeAt(i);
  return new ARRAYS[given.dtype](bytes.buffer);
}

function tell() {
  element.dataset.state = JSON.stringify({
    picked,
    hover,
    chosen,
    points: Plotly ? (linked()?.count ?? 0) : 0,
    ahead,
    dims: isDeep() ? 3 : 2,
    turns,
  });
}
