// Drawing: strokes kept as points, redrawn for undo and for the theme, sent when the hand rests.
const canvas = drawing.querySelector("canvas");
const pen = canvas.getContext("2d");
const SIDE = 280;
const WIDTH = 22;
let strokes = [];
let stroke = []; // the one under the hand
let timer = 0;

// One drawing in any two colours: the theme's on screen, black on white for the server.
const render = (context, paper, ink) => {
  context.fillStyle = paper;
  context.fillRect(0, 0, SIDE, SIDE);
  context.strokeStyle = context.fillStyle = ink;
  context.lineWidth = WIDTH;
  context.lineCap = context.lineJoin = "round";
  for (const points of strokes) {
    context.beginPath();
    context.moveTo(points[0][0], points[0][1]);
    if (points.length === 1) context.lineTo(points[0][0] + 0.01, points[0][1]);
    for (let i = 1; i < points.length; i++) {
      const [x, y] = points[i - 1];
      const [u, v] = points[i];
      context.quadraticCurveTo(x, y, (x + u) / 2, (y + v) / 2);
    }
    context.stroke();
  }
};
const redraw = () => {
  render(pen, lab.colour("--lab-paper"), lab.colour("--lab-ink"));
  root.dataset.state = String(strokes.length);
};
const clear = () => {
  clearTimeout(timer);
  strokes = [];
  redraw();
};

const sendDrawing = () => {
  if (!strokes.length) return;
  const copy = document.createElement("canvas");
  copy.width = copy.height = SIDE;
  render(copy.getContext("2d"), "#ffffff", "#000000");
  send(copy.toDataURL("image/png"), true);
};
const sendSoon = () => {
  redraw();
  clearTimeout(timer);
  timer = setTimeout(sendDrawing, 250);
};
const undo = () => {
  strokes.pop();
  sendSoon();
};

const place = (event) => {
  const box = canvas.getBoundingClientRect();
  return [((event.clientX - box.left) * SIDE) / box.width, ((event.clientY - box.top) * SIDE) / box.height];
};
lab.hold(canvas, {
  begin(event) {
    event.preventDefault();
    clearTimeout(timer);
    stroke = [place(event)];
    strokes.push(stroke);
    redraw();
  },
  move(event) {
    stroke.push(...lab.trail(event).map(place));
    redraw();
  },
  end: sendSoon,
});
canvas.addEventListener("keydown", (event) => {
  if (event.key === "z" && (event.ctrlKey || event.metaKey)) undo();
});
