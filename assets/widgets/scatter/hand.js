// Pointer, wheel and keys over a panel: hover and pick; a hand drags or turns it, two fingers zoom.
const REACH = 16; // pixels from a point at which a mouse still means it
const FINGER = 28;
const SPEED = 0.008; // radians a pixel

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
  tip.style.transform = `translate(${left}px,${Math.max(0, y - 100)}px)`;
}

function pick(i) {
  if (i < 0) return;
  picked = i;
  tip.hidden = true;
  draw();
  trigger("pick", { index: i });
}

function listen(panel) {
  const { canvas } = panel;
  const fingers = new Map();
  let travelled = 0;
  let before = null;
  canvas.addEventListener("pointerdown", (event) => {
    travelled = fingers.size ? Infinity : 0; // two fingers zoom, they never pick
    if (!fingers.size) before = viewOf(panel);
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
    const apart = spread(fingers);
    fingers.set(event.pointerId, now);
    travelled += Math.hypot(now.x - was.x, now.y - was.y);
    if (fingers.size > 1) zoom(panel, spread(fingers) / apart);
    else if (travelled > 4) drag(panel, now.x - was.x, now.y - was.y);
  });
  const lift = (event) => {
    const was = fingers.get(event.pointerId);
    const single = fingers.size === 1;
    fingers.delete(event.pointerId);
    // the page has taken the finger to scroll
    if (was && event.type !== "pointerup") return look(panel, before);
    if (!was || !single || travelled > 4) return;
    const i = nearest(panel, was.x, was.y, event.pointerType === "mouse" ? REACH : FINGER);
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

const viewOf = ({ zoom, x, y, yaw, pitch }) => ({ zoom, x, y, yaw, pitch });

function look(panel, view) {
  Object.assign(panel, view);
  draw();
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
