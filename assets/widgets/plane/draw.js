// Strokes of one pen: lines, dots, spots and their names, in one pane or in all three.

function trace(pane, points, closed) {
  const { pen, size, reach } = pane;
  const half = size / 2;
  const unit = half / reach;
  let open = false;
  pen.beginPath();
  for (let i = 0; i < points.length; i += 2) {
    const x = half + unit * points[i];
    const y = half - unit * points[i + 1];
    if (!(Math.abs(x) < 9000 && Math.abs(y) < 9000)) {
      open = false;
      continue;
    }
    if (open) pen.lineTo(x, y);
    else pen.moveTo(x, y);
    open = true;
  }
  if (closed) pen.closePath();
}

function line(pane, points, { colour, width = 2, dash = [], alpha = 1, filled = false }) {
  const { pen } = pane;
  trace(pane, points, filled);
  pen.strokeStyle = pen.fillStyle = colours[colour] || colour;
  pen.lineWidth = width;
  pen.setLineDash(dash);
  pen.globalAlpha = alpha;
  if (filled) {
    pen.globalAlpha = 0.12 * alpha;
    pen.fill();
    pen.globalAlpha = alpha;
  }
  pen.stroke();
  pen.setLineDash([]);
  pen.globalAlpha = 1;
}

const everywhere = (lines, style) =>
  PANES.forEach((pane) => lines[pane] && line(panes[pane], lines[pane], style));

// A mark for each class, so that classes differ not by colour alone: a square, and corners of other shapes.
const MARKS = [
  [-1.3, -1.3, 1.3, -1.3, 1.3, 1.3, -1.3, 1.3],
  [0, -2.1, 1.9, 1.5, -1.9, 1.5],
  [0, -2, 2, 0, 0, 2, -2, 0],
  [0, 2.1, 1.9, -1.5, -1.9, -1.5],
  [-0.6, -2.2, 0.6, -2.2, 0.6, 2.2, -0.6, 2.2],
  [-2.2, -0.6, 2.2, -0.6, 2.2, 0.6, -2.2, 0.6],
];

function dots({ pen, size, reach }, points, labels, alpha) {
  const half = size / 2;
  const unit = half / reach;
  for (let label = 0; label < MARKS.length; label++) {
    const corners = MARKS[label];
    pen.beginPath();
    for (let i = 0; i < points.length; i += 2) {
      if (labels[i / 2] !== label) continue;
      const [x, y] = [half + unit * points[i], half - unit * points[i + 1]];
      pen.moveTo(x + corners[0], y + corners[1]);
      for (let k = 2; k < corners.length; k += 2) pen.lineTo(x + corners[k], y + corners[k + 1]);
      pen.closePath();
    }
    pen.fillStyle = colours[`class${label}`];
    pen.globalAlpha = alpha;
    pen.fill();
  }
  pen.globalAlpha = 1;
}

// Where a point lies in its pane, in pixels.
const onPane = ({ size, reach }, p) => [(size / 2) * (1 + p[0] / reach), (size / 2) * (1 - p[1] / reach)];

// To which side the name of a point leans, lest it cover that of another close by: −1, 0, 1.
const leaning = (p, q) =>
  Math.abs(p[0] - q[0]) < 60 && Math.abs(p[1] - q[1]) < 26 ? (p[0] < q[0] ? -1 : 1) : 0;

function spot(pane, p, { colour, text = "", radius = 6, hollow = false, below = false, lean = 0 }) {
  const { pen } = pane;
  const [x, y] = onPane(pane, p);
  if (!(Math.abs(x) < 2000 && Math.abs(y) < 2000)) return;
  pen.beginPath();
  pen.arc(x, y, radius, 0, TAU);
  pen.fillStyle = hollow ? colours.paper : colours[colour];
  pen.strokeStyle = hollow ? colours[colour] : colours.paper;
  pen.lineWidth = 2;
  pen.fill();
  pen.stroke();
  if (text) note(pane, text, x, y + (below ? 24 : -12), colour, lean);
}

function note({ pen, size }, text, x, y, colour, lean) {
  pen.font = "600 14px system-ui, sans-serif";
  pen.textAlign = "center";
  pen.lineWidth = 4;
  pen.lineJoin = "round";
  const half = pen.measureText(text).width / 2 + 4;
  const left = clamp(x + lean * half, half, size - half);
  const top = clamp(y, 14, size - 6);
  pen.strokeStyle = colours.paper;
  pen.strokeText(text, left, top);
  pen.fillStyle = colours[colour];
  pen.fillText(text, left, top);
}

// Hollow rings, to be compared with the dots in them.
function rings({ pen, size, reach }, points) {
  const unit = size / 2 / reach;
  pen.strokeStyle = colours.text;
  pen.lineWidth = 1.2;
  pen.beginPath();
  for (let i = 0; i < points.length; i += 2) {
    const x = size / 2 + unit * points[i];
    const y = size / 2 - unit * points[i + 1];
    pen.moveTo(x + 5, y);
    pen.arc(x, y, 5, 0, TAU);
  }
  pen.stroke();
}

const spots = (places, style, texts = {}) =>
  PANES.forEach(
    (pane) => places[pane] && spot(panes[pane], places[pane], { ...style, text: texts[pane] || "" }),
  );
