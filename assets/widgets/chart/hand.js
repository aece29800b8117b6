// The hand on linked charts: hover and pick, lasso and box, wheel, keys; a finger picks and leaves the
// swipe to the page.
const FINGER = 28; // pixels from a point at which a finger still means it

function show(i) {
  if (i === hover) return;
  hover = i;
  told.textContent = i < 0 ? "" : `${nameOf(i)} · ${own.words.picture} ${i}`;
  draw();
}

function pick(i) {
  if (i < 0) return;
  picked = i;
  draw();
  trigger("pick", { index: i });
}

function packed(indices) {
  const bytes = new Uint8Array(Int32Array.from(indices).buffer);
  let text = "";
  for (let k = 0; k < bytes.length; k += 8192) text += String.fromCharCode(...bytes.subarray(k, k + 8192));
  return btoa(text);
}

// Points taken in one chart are shown in all.
function select(panel, event) {
  if (panel.busy) return;
  const indices = (event?.points ?? []).map((point) => point.customdata);
  if (!indices.length && !chosen) return;
  chosen = indices.length;
  const taken = new Set(indices);
  for (const other of panels) {
    if (other === panel && chosen) continue;
    const among = shown.figures[other.number].data.map((trace) => {
      if (!chosen || !holdsPoints(trace)) return null;
      const found = [];
      numbers(trace.customdata).forEach((i, k) => {
        if (taken.has(i)) found.push(k);
      });
      return found;
    });
    other.busy = true;
    Plotly.update(other.plot, { selectedpoints: among }, { selections: [] }).finally(() => {
      other.busy = false;
    });
  }
  draw();
  trigger("taken", { indices: packed(indices) });
}

const STEPS = { ArrowRight: [1, 0], ArrowLeft: [-1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };

function step(panel, [dx, dy]) {
  const start = hover >= 0 ? hover : picked;
  const place = projection(panel);
  const { width, height } = panel.plot.getBoundingClientRect();
  const from = start >= 0 && place ? place(panel.at, (isDeep() ? 3 : 2) * start) : [width / 2, height / 2];
  const ahead = (x, y, i) => i !== start && x * dx + y * dy > 0.7 * Math.hypot(x, y);
  const i = nearest(panel, from[0], from[1], 1e4, ahead);
  if (i >= 0) show(i);
}

function zoom({ plot }, factor) {
  if (!plot._fullLayout) return;
  if (isDeep()) {
    const { eye } = plot._fullLayout.scene.camera;
    const nearer = Object.fromEntries(Object.entries(eye).map(([key, value]) => [key, value * factor]));
    return Plotly.relayout(plot, { "scene.camera.eye": nearer });
  }
  const change = {};
  for (const name of ["xaxis", "yaxis"]) {
    const [low, high] = plot._fullLayout[name].range;
    const half = ((high - low) / 2) * factor;
    change[`${name}.range`] = [(low + high) / 2 - half, (low + high) / 2 + half];
  }
  return Plotly.relayout(plot, change);
}

function key(panel, event) {
  if (STEPS[event.key]) step(panel, STEPS[event.key]);
  else if (event.key === "Enter" || event.key === " ") pick(hover);
  else if (event.key === "+" || event.key === "=") zoom(panel, 0.8);
  else if (event.key === "-") zoom(panel, 1.25);
  else return;
  event.preventDefault();
}

function listen(panel) {
  const { frame, shield } = panel;
  frame.tabIndex = 0;
  frame.setAttribute("role", "application");
  frame.addEventListener("keydown", (event) => key(panel, event));
  frame.addEventListener("pointerleave", ({ pointerType }) => {
    if (pointerType === "mouse") show(-1); // also what the keys had reached
  });
  let down = null;
  frame.addEventListener(
    "pointerdown",
    (event) => {
      down = event;
      frame.focus({ preventScroll: true });
    },
    true,
  );
  frame.addEventListener(
    "pointerup",
    (event) => {
      if (isDeep() && !event.target.closest(".modebar") && down && lab.isTap(down, event)) pick(hover);
    },
    true,
  );
  frame.addEventListener(
    "wheel",
    (event) => {
      if (!frame.contains(document.activeElement) && !event.ctrlKey) event.stopPropagation();
    },
    { capture: true, passive: true },
  );
  shield.addEventListener("click", (event) => {
    const i = nearest(panel, event.offsetX, event.offsetY, FINGER);
    show(i);
    pick(i);
  });
}

// On a touched screen the shield takes taps and lets the page scroll, until somebody wants to move the chart.
function guard() {
  const guarded = Boolean(linked()) && TOUCH.matches && !byHand;
  for (const { shield } of panels) shield.hidden = !guarded;
  $("by-hand").hidden = !linked() || !TOUCH.matches;
  $("by-hand").setAttribute("aria-pressed", byHand);
}
