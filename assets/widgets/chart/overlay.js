// What lies over a linked chart: thumbnails that do not cover each other, the point under the hand, the
// picked one, the walk.
const SMALL = 22; // pixels of a thumbnail among others
const LARGE = 72;
const REACHED = 56; // of the picture at the cross, at most a quarter of the chart

function drawThumbnails(panel, place) {
  const { pen } = panel;
  const { left, top, right, bottom } = frameOf(panel);
  const across = Math.ceil((right - left) / SMALL) + 1;
  const taken = new Uint8Array(across * (Math.ceil((bottom - top) / SMALL) + 1));
  const dims = isDeep() ? 3 : 2;
  const paper = ink("--lab-card");
  for (let i = groupOf.length - 1; i >= 0; i--) {
    if (!isShown(i)) continue; // from the end, where a visitor's few lie among others
    const [x, y] = place(panel.at, dims * i);
    if (x < left || x > right || y < top || y > bottom) continue;
    const cell = Math.floor((y - top) / SMALL) * across + Math.floor((x - left) / SMALL);
    if (taken[cell]) continue;
    taken[cell] = 1;
    pen.globalAlpha = 0.85;
    pen.fillStyle = paper;
    pen.fillRect(x - SMALL / 2, y - SMALL / 2, SMALL, SMALL);
    pen.globalAlpha = 1;
    drawPicture(pen, i, x - SMALL / 2, y - SMALL / 2, SMALL, true);
    if (!linked().photos || groups.length < 2) continue;
    pen.strokeStyle = groups[groupOf[i]].colour;
    pen.lineWidth = 2;
    pen.strokeRect(x - SMALL / 2, y - SMALL / 2, SMALL, SMALL);
  }
}

function ring(pen, x, y, radius, width) {
  pen.strokeStyle = ink("--lab-text");
  pen.lineWidth = width;
  pen.beginPath();
  pen.arc(x, y, radius, 0, 7);
  pen.stroke();
}

// A point with its picture beside it, inside the frame wherever it lies.
function drawShown(panel, place, i, size, width) {
  if (i < 0 || groupOf[i] === undefined || !isShown(i)) return;
  const { pen } = panel;
  const frame = frameOf(panel);
  const [x, y] = place(panel.at, (isDeep() ? 3 : 2) * i);
  if (x < frame.left || x > frame.right || y < frame.top || y > frame.bottom) return;
  ring(pen, x, y, 8, width);
  const left = x + 12 + size > frame.right ? x - 12 - size : x + 12;
  const top = Math.max(frame.top, y - 12 - size);
  pen.fillStyle = ink("--lab-card");
  pen.fillRect(left, top, size, size);
  drawPicture(pen, i, left, top, size);
  pen.lineWidth = 1;
  pen.strokeRect(left, top, size, size);
}

// Those of a class that nobody would find among thousands.
function drawFew(panel, place) {
  for (let i = 0; i < groupOf.length; i++) {
    if (isShown(i) && groups[groupOf[i]].few) drawShown(panel, place, i, 2 * SMALL, 2);
  }
}

// Where the walk stands, the way there, and the picture that it has reached.
function drawWalk(panel, place) {
  const spread = linked().spread[panel.number];
  if (!walk || !spread || (walk.picked && (picked < 0 || groupOf[picked] < 0))) return;
  const dims = isDeep() ? 3 : 2;
  const start = walk.picked ? [...panel.at.subarray(picked * dims, (picked + 1) * dims)] : [0, 0, 0];
  const along = (steps) =>
    start.map((v, d) => (d === walk.component ? v + steps * spread[d] : v)).slice(0, dims);
  const beside = document.querySelector(`#${own.beside || "none"} .tiles`);
  const left = JSON.parse(beside?.dataset.at || "null")?.[panel.number];
  const { pen } = panel;
  pen.save();
  within(pen, frameOf(panel));
  if (walk.component < dims)
    trace(
      pen,
      [along(-4), along(4)].map((p) => place(p, 0)),
      ink("--lab-quiet"),
      1,
    );
  if (left)
    trace(
      pen,
      left.path.map((p) => place(p, 0)),
      ink("--lab-bad"),
      3,
    );
  pen.restore();
  const [x, y] = place(left ? left.cross : along(walk.steps), 0);
  const hue = left ? ink("--lab-bad") : ink(panel.number ? "--lab-pixel" : "--lab-induced");
  for (const [colour, width] of [
    [ink("--lab-card"), 6],
    [hue, 3],
  ]) {
    pen.strokeStyle = colour;
    pen.lineWidth = width;
    pen.beginPath();
    pen.moveTo(x - 10, y);
    pen.lineTo(x + 10, y);
    pen.moveTo(x, y - 10);
    pen.lineTo(x, y + 10);
    pen.stroke();
  }
  const picture = beside?.querySelectorAll("canvas")[panel.number];
  if (picture) drawReached(panel, picture, x, y, hue);
}

// What is drawn from now on stays between the axes.
function within(pen, { left, top, right, bottom }) {
  pen.beginPath();
  pen.rect(left, top, right - left, bottom - top);
  pen.clip();
}

function trace(pen, points, colour, width) {
  pen.strokeStyle = colour;
  pen.lineWidth = width;
  pen.beginPath();
  points.forEach(([x, y], i) => (i ? pen.lineTo(x, y) : pen.moveTo(x, y)));
  pen.stroke();
}

function drawReached(panel, picture, x, y, hue) {
  const { pen } = panel;
  const frame = frameOf(panel);
  const size = Math.min(REACHED, (frame.bottom - frame.top) / 4);
  const left = x + 14 + size > frame.right ? x - 14 - size : x + 14;
  const top = Math.min(Math.max(frame.top, y - size / 2), frame.bottom - size);
  pen.drawImage(picture, left, top, size, size);
  pen.strokeStyle = hue;
  pen.lineWidth = 2;
  pen.strokeRect(left, top, size, size);
}

function drawOver(panel) {
  const { width, height } = panel.plot.getBoundingClientRect();
  if (!width || !height) return;
  panel.pen = lab.sharp(panel.over, width, height);
  const place = projection(panel);
  if (!place) return;
  if (!panel.plot._fullLayout) drawDots(panel, place);
  if (thumbnails) drawThumbnails(panel, place);
  drawFew(panel, place);
  drawShown(panel, place, picked, 40, 3);
  if (hover !== picked) drawShown(panel, place, hover, LARGE, 2);
  drawWalk(panel, place);
}

function draw() {
  if (pending || !linked()) return;
  pending = requestAnimationFrame(() => {
    pending = 0;
    if (linked()) panels.forEach(drawOver);
    tell();
  });
}

// Plotly's camera moves a frame later than it says so.
function drawSoon() {
  draw();
  if (isDeep()) setTimeout(draw, 40);
}
