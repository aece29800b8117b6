// Linked scatters: the same pictures as points of several spaces, in two or three dimensions.
//
// props.value, from app/widgets/scatter.py: {dims, tile, columns, sprite, labels, names, colours, picked, photos, panels:
// [{title, note, axes, spread, points}]}; labels are bytes and points float32 (count × dims), both base64; tile i of the
// sprite is the picture of point i. Hovering one panel shows the same picture in all of them; a click triggers `pick`. The value is never sent back.
const $ = (name) => element.querySelector('[data-part="' + name + '"]');
const stage = $("stage");
const legend = $("legend");
const tip = $("tip");
const tipPicture = $("tip-picture");
const tipText = $("tip-text");
const REACH = 16;
const SPEED = 0.008;

let cloud = null;
let labels = new Uint8Array();
let panels = [];
let hidden = new Set();
let dots = [];
let sprite = new Image();
let inked = null;
let coloured = null; // the sheet as it came, in the theme's ink, in the labels' colours
let hover = -1;
let picked = -1;
let walk = null;
let pictures = false;
let pending = 0;

const bytes = (text) => Uint8Array.from(atob(text), (c) => c.charCodeAt(0));
const ink = (name) => lab.colour(name, element);
const nameOf = (i) => cloud.names[labels[i]] ?? "no label";

// --- one panel ---------------------------------------------------------------------------------------------------
function makePanel(info) {
  const holder = document.createElement("figure");
  const title = document.createElement("figcaption");
  const heading = document.createElement("b");
  const note = document.createElement("span");
  const canvas = document.createElement("canvas");
  heading.textContent = info.title;
  note.textContent = info.note || "";
  canvas.tabIndex = 0;
  canvas.setAttribute("role", "application");
  canvas.setAttribute(
    "aria-label",
    info.title + ": " + labels.length + " pictures. Arrow keys move between them, Enter picks one.",
  );
  title.append(heading, note);
  holder.append(title, canvas);
  stage.append(holder);
  const points = new Float32Array(bytes(info.points).buffer);
  let reach = 1e-9;
  for (const v of points) reach = Math.max(reach, Math.abs(v));
  const panel = {
    info,
    holder,
    canvas,
    pen: canvas.getContext("2d"),
    points,
    reach,
    screen: new Float32Array(labels.length * 3),
  };
  home(panel);
  listen(panel);
  return panel;
}

function home(panel) {
  Object.assign(panel, { zoom: 1, x: 0, y: 0, yaw: 0.6, pitch: 0.35 });
}

// A point of the space -> [x, y, depth] on the canvas.
function project(panel, p) {
  const { width, height } = panel.canvas.getBoundingClientRect();
  const unit = (0.46 * Math.min(width, height) * panel.zoom) / panel.reach;
  if (cloud.dims === 2) return [width / 2 + panel.x + unit * p[0], height / 2 + panel.y - unit * p[1], 0];
  const a = Math.cos(panel.yaw);
  const b = Math.sin(panel.yaw);
  const c = Math.cos(panel.pitch);
  const d = Math.sin(panel.pitch);
  const x = a * p[0] + b * p[2];
  const back = -b * p[0] + a * p[2];
  const y = c * p[1] - d * back;
  const depth = (d * p[1] + c * back) / panel.reach;
  const near = 1 / (1 - 0.22 * depth);
  return [width / 2 + panel.x + unit * x * near, height / 2 + panel.y - unit * y * near, depth];
}

function place(panel) {
  const d = cloud.dims;
  for (let i = 0; i < labels.length; i++)
    panel.screen.set(project(panel, panel.points.subarray(i * d, i * d + d)), i * 3);
}

function nearest(panel, x, y, reach, allowed = () => true) {
  let best = -1;
  let least = reach * reach;
  for (let i = 0; i < labels.length; i++) {
    const dx = panel.screen[3 * i] - x;
    const dy = panel.screen[3 * i + 1] - y;
    const d = dx * dx + dy * dy;
    if (d < least && !hidden.has(labels[i]) && allowed(dx, dy, i)) {
      best = i;
      least = d;
    }
  }
  return best;
}

// --- drawing -----------------------------------------------------------------------------------------------------
function makeDots() {
  const ratio = window.devicePixelRatio || 1;
  dots = cloud.colours.map((colour) => {
    const dot = document.createElement("canvas");
    const pen = dot.getContext("2d");
    dot.width = dot.height = Math.ceil(8 * ratio);
    pen.scale(ratio, ratio);
    pen.fillStyle = colour;
    pen.globalAlpha = 0.85;
    pen.beginPath();
    pen.arc(4, 4, 3.2, 0, 7);
    pen.fill();
    return dot;
  });
}

// Grey is ink on clear paper, so that dense clouds of pictures stay legible.
function tinted(paint) {
  const sheet = document.createElement("canvas");
  const pen = sheet.getContext("2d", { willReadFrequently: true });
  const t = cloud.tile;
  sheet.width = sprite.width;
  sheet.height = sprite.height;
  pen.drawImage(sprite, 0, 0);
  const found = pen.getImageData(0, 0, sheet.width, sheet.height);
  const data = found.data;
  for (let p = 0, at = 0; p < data.length; p += 4, at++) {
    const tile = Math.floor(at / sheet.width / t) * cloud.columns + Math.floor((at % sheet.width) / t);
    const rgb = paint(tile);
    data[p + 3] = data[p];
    data[p] = rgb[0];
    data[p + 1] = rgb[1];
    data[p + 2] = rgb[2];
  }
  pen.putImageData(found, 0, 0);
  return sheet;
}

const rgbOf = (hex) => [1, 3, 5].map((i) => parseInt(hex.slice(i, i + 2), 16));

function tint() {
  tip.hidden = true;
  if (!cloud || !sprite.width) return;
  if (cloud.photos) {
    inked = coloured = sprite;
    return draw();
  }
  const ownInk = rgbOf(ink("--lab-ink"));
  const colours = cloud.colours.map(rgbOf);
  inked = tinted(() => ownInk);
  coloured = tinted((tile) => colours[(labels[tile] || 0) % colours.length]);
  draw();
}

function drawAxes(panel) {
  const { pen, reach } = panel;
  const origin = [0, 0, 0].slice(0, cloud.dims);
  const from = project(panel, origin);
  const ends = [];
  pen.strokeStyle = ink("--lab-line");
  pen.lineWidth = 1;
  panel.info.axes.forEach((label, k) => {
    const end = [...origin];
    end[k] = reach;
    const to = project(panel, end);
    const start =
      cloud.dims === 2
        ? project(
            panel,
            end.map((v) => -v),
          )
        : from;
    pen.beginPath();
    pen.moveTo(start[0], start[1]);
    pen.lineTo(to[0], to[1]);
    pen.stroke();
    ends.push([label, to]);
  });
  return ends;
}

function drawLabels({ pen, canvas }, ends) {
  const w = canvas.clientWidth;
  const h = canvas.clientHeight;
  pen.fillStyle = ink("--lab-quiet");
  pen.font = "12px system-ui, sans-serif";
  pen.textBaseline = "middle";
  if (cloud.dims === 2) {
    pen.textAlign = "right";
    pen.fillText(ends[0][0], w - 8, h - 12);
    pen.textAlign = "left";
    pen.fillText(ends[1][0], 8, 12);
    return;
  }
  pen.textAlign = "center";
  for (const [label, [x, y]] of ends) {
    const half = pen.measureText(label).width / 2 + 6;
    pen.fillText(label, Math.min(w - half, Math.max(half, x)), Math.min(h - 10, Math.max(10, y - 8)));
  }
}

function tileOf(i) {
  const t = cloud.tile;
  return [(i % cloud.columns) * t, Math.floor(i / cloud.columns) * t, t, t];
}

function drawPoint(panel, i, size) {
  const { pen, screen } = panel;
  const x = screen[3 * i];
  const y = screen[3 * i + 1];
  if (!pictures || !coloured)
    pen.drawImage(dots[labels[i] % dots.length], x - size / 2, y - size / 2, size, size);
  else pen.drawImage(coloured, ...tileOf(i), x - size, y - size, 2 * size, 2 * size);
}

function drawPoints(panel) {
  const order = [...labels.keys()].filter((i) => !hidden.has(labels[i]));
  if (cloud.dims === 3) order.sort((a, b) => panel.screen[3 * a + 2] - panel.screen[3 * b + 2]);
  for (const i of order) {
    const depth = panel.screen[3 * i + 2];
    panel.pen.globalAlpha = cloud.dims === 3 ? Math.min(1, 0.8 + 0.2 * depth) : 1;
    drawPoint(panel, i, (pictures ? 10 : 8) * (1 + 0.25 * depth) * Math.min(2.5, Math.sqrt(panel.zoom)));
  }
  panel.pen.globalAlpha = 1;
}

function ring(panel, i, radius, width) {
  if (i < 0 || i >= labels.length) return;
  const { pen, screen } = panel;
  pen.strokeStyle = ink("--lab-text");
  pen.lineWidth = width;
  pen.beginPath();
  pen.arc(screen[3 * i], screen[3 * i + 1], radius, 0, 7);
  pen.stroke();
}

function drawPicked(panel) {
  if (picked < 0 || picked >= labels.length) return;
  const x = panel.screen[3 * picked];
  const y = panel.screen[3 * picked + 1];
  ring(panel, picked, 9, 3);
  panel.pen.fillStyle = ink("--lab-paper");
  panel.pen.fillRect(x + 10, y - 46, 36, 36);
  if (inked) panel.pen.drawImage(inked, ...tileOf(picked), x + 10, y - 46, 36, 36);
  panel.pen.strokeRect(x + 10, y - 46, 36, 36);
}

function drawWalk(panel) {
  const spread = panel.info.spread || [];
  if (!walk || (walk.picked && picked < 0)) return;
  const start = walk.picked
    ? [...panel.points.subarray(picked * cloud.dims, (picked + 1) * cloud.dims)]
    : [0, 0, 0];
  if (walk.component < cloud.dims) start[walk.component] += walk.steps * spread[walk.component];
  const [x, y] = project(panel, start);
  const { pen } = panel;
  pen.strokeStyle = ink("--lab-induced");
  pen.lineWidth = 3;
  pen.beginPath();
  pen.moveTo(x - 9, y);
  pen.lineTo(x + 9, y);
  pen.moveTo(x, y - 9);
  pen.lineTo(x, y + 9);
  pen.stroke();
}

function drawPanel(panel) {
  const { canvas, pen } = panel;
  const ratio = window.devicePixelRatio || 1;
  const w = canvas.clientWidth;
  const h = canvas.clientHeight;
  if (!w || !h) return;
  if (canvas.width !== Math.round(w * ratio) || canvas.height !== Math.round(h * ratio)) {
    canvas.width = Math.round(w * ratio);
    canvas.height = Math.round(h * ratio);
  }
  pen.setTransform(ratio, 0, 0, ratio, 0, 0);
  pen.clearRect(0, 0, w, h);
  place(panel);
  const ends = drawAxes(panel);
  drawPoints(panel);
  drawLabels(panel, ends);
  drawPicked(panel);
  ring(panel, hover, 7, 2);
  drawWalk(panel);
}

function draw() {
  if (pending) return;
  pending = requestAnimationFrame(() => {
    pending = 0;
    if (cloud) panels.forEach(drawPanel);
    element.dataset.state = JSON.stringify({
      picked,
      hover,
      points: labels.length,
      dims: cloud ? cloud.dims : 0,
    });
  });
}

// --- hover and pick ------------------------------------------------------------------------------------------------
function show(i, panel) {
  if (i !== hover) {
    hover = i;
    draw();
  }
  tip.hidden = i < 0;
  if (i < 0) return;
  const pen = tipPicture.getContext("2d");
  const frame = panel.canvas.getBoundingClientRect();
  const own = element.getBoundingClientRect();
  pen.clearRect(0, 0, tipPicture.width, tipPicture.height);
  if (inked) pen.drawImage(inked, ...tileOf(i), 0, 0, tipPicture.width, tipPicture.height);
  tipText.textContent = nameOf(i);
  const x = frame.left - own.left + panel.screen[3 * i];
  const y = frame.top - own.top + panel.screen[3 * i + 1];
  const left = x > own.width - 120 ? x - 104 : x + 14;
  tip.style.transform = "translate(" + left + "px," + Math.max(0, y - 100) + "px)";
}

function pick(i) {
  if (i < 0) return;
  picked = i;
  tip.hidden = true;
  draw();
  trigger("pick", { index: i });
}

// --- pointer, wheel, keyboard ----------------------------------------------------------------------------------------
function listen(panel) {
  const { canvas } = panel;
  const fingers = new Map();
  let travelled = 0;
  canvas.addEventListener("pointerdown", (event) => {
    if (!fingers.size) travelled = 0;
    fingers.set(event.pointerId, { x: event.offsetX, y: event.offsetY });
    canvas.setPointerCapture(event.pointerId);
    canvas.focus({ preventScroll: true });
  });
  canvas.addEventListener("pointermove", (event) => {
    const now = { x: event.offsetX, y: event.offsetY };
    const was = fingers.get(event.pointerId);
    if (!was) {
      show(nearest(panel, now.x, now.y, REACH), panel);
      return;
    }
    const before = spread(fingers);
    fingers.set(event.pointerId, now);
    travelled += Math.hypot(now.x - was.x, now.y - was.y);
    if (fingers.size > 1) zoom(panel, spread(fingers) / before);
    else if (travelled > 4) drag(panel, now.x - was.x, now.y - was.y);
  });
  const lift = (event) => {
    const was = fingers.get(event.pointerId);
    const single = fingers.size === 1;
    fingers.delete(event.pointerId);
    if (!was || !single || travelled > 4 || event.type !== "pointerup") return;
    const i = nearest(panel, was.x, was.y, event.pointerType === "mouse" ? REACH : 28);
    show(i, panel);
    pick(i);
  };
  canvas.addEventListener("pointerup", lift);
  canvas.addEventListener("pointercancel", lift);
  canvas.addEventListener("pointerleave", () => {
    if (!fingers.size) show(-1, panel);
  });
  canvas.addEventListener(
    "wheel",
    (event) => {
      // the page keeps its wheel until the plot has been clicked
      if (document.activeElement !== canvas && !event.ctrlKey) return;
      event.preventDefault();
      zoom(panel, Math.exp(-0.0015 * event.deltaY));
    },
    { passive: false },
  );
  canvas.addEventListener("keydown", (event) => key(panel, event));
}

function spread(fingers) {
  const [a, b] = [...fingers.values()];
  return b ? Math.max(1, Math.hypot(a.x - b.x, a.y - b.y)) : 1;
}

function drag(panel, dx, dy) {
  if (cloud.dims === 2) {
    panel.x += dx;
    panel.y += dy;
  } else {
    panel.yaw += SPEED * dx;
    panel.pitch = Math.min(1.57, Math.max(-1.57, panel.pitch + SPEED * dy));
  }
  tip.hidden = true;
  draw();
}

function zoom(panel, factor) {
  const next = Math.min(40, Math.max(0.4, panel.zoom * factor));
  const ratio = next / panel.zoom;
  Object.assign(panel, { zoom: next, x: panel.x * ratio, y: panel.y * ratio });
  draw();
}

const STEPS = { ArrowRight: [1, 0], ArrowLeft: [-1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };

function key(panel, event) {
  const step = STEPS[event.key];
  if (step) {
    const start = hover >= 0 ? hover : picked;
    const { width, height } = panel.canvas.getBoundingClientRect();
    const x = start >= 0 ? panel.screen[3 * start] : width / 2;
    const y = start >= 0 ? panel.screen[3 * start + 1] : height / 2;
    const ahead = (dx, dy, i) => i !== start && dx * step[0] + dy * step[1] > 0.7 * Math.hypot(dx, dy);
    const i = nearest(panel, x, y, 1e4, ahead);
    if (i >= 0) show(i, panel);
  } else if (event.key === "Enter" || event.key === " ") pick(hover);
  else if (event.key === "+" || event.key === "=") zoom(panel, 1.25);
  else if (event.key === "-") zoom(panel, 0.8);
  else return;
  event.preventDefault();
}

// --- tools and what comes from the server ------------------------------------------------------------------------------
function fillLegend() {
  legend.replaceChildren(
    ...cloud.names.map((name, k) => {
      const button = document.createElement("button");
      const swatch = document.createElement("i");
      button.type = "button";
      button.setAttribute("aria-pressed", "true");
      swatch.style.background = cloud.colours[k % cloud.colours.length];
      button.append(swatch, name);
      button.addEventListener("click", () => {
        if (!hidden.delete(k)) hidden.add(k);
        button.setAttribute("aria-pressed", !hidden.has(k));
        draw();
      });
      return button;
    }),
  );
}

function build() {
  cloud = props.value && props.value.panels ? props.value : null;
  stage.replaceChildren();
  panels = [];
  hidden = new Set();
  hover = -1;
  tip.hidden = true;
  if (!cloud) return;
  labels = bytes(cloud.labels);
  inked = coloured = null;
  sprite = new Image();
  sprite.onload = tint;
  sprite.src = cloud.sprite;
  panels = cloud.panels.map(makePanel);
  panels.forEach((panel) => new ResizeObserver(draw).observe(panel.canvas));
  picked = cloud.picked ?? -1;
  makeDots();
  fillLegend();
  draw();
}

$("pictures").addEventListener("click", (event) => {
  pictures = !pictures;
  event.currentTarget.setAttribute("aria-pressed", pictures);
  draw();
});
$("closer").addEventListener("click", () => panels.forEach((panel) => zoom(panel, 1.4)));
$("away").addEventListener("click", () => panels.forEach((panel) => zoom(panel, 1 / 1.4)));
$("home").addEventListener("click", () => {
  panels.forEach(home);
  draw();
});
watch("value", build);
const onWalk = (event) => {
  if (!element.isConnected) return document.removeEventListener("lab:walk", onWalk);
  if (event.detail.id === element.closest('[id]:not([id^="html-"])')?.id) {
    walk = event.detail;
    draw();
  }
};
document.addEventListener("lab:walk", onWalk);
lab.keepFresh(element, tint);
build();
