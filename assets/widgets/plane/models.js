// Models: the shipped planes that come with the page, and one that is being trained meanwhile.
// A model as it comes: its cloud may have come before, while it was still training.

function take(known, plane) {
  const before = planes[known] || {};
  const all = { ...before, ...plane, version: (before.version || 0) + 1, net: null };
  if (plane.points) {
    all.xy = planeMath.floats(plane.points);
    all.labelled = planeMath.bytes(plane.labels);
  }
  planes[known] = all;
}

// What is computed when a model is first looked at.
function ready(plane) {
  if (plane.net) return plane;
  plane.net = planeMath.network(plane);
  plane.z = plane.net.encode(plane.xy);
  const rows = [...plane.labelled.keys()].filter((i) => plane.labelled[i] === 0);
  const { z } = plane;
  const mean = (of) => rows.reduce((sum, i) => sum + of(i), 0) / rows.length;
  const centre = [mean((i) => z[2 * i]), mean((i) => z[2 * i + 1])];
  plane.bar = { centre, spread: Math.sqrt(mean((i) => (z[2 * i] - centre[0]) ** 2)) };
  return plane;
}

function choose(known) {
  const plane = ready(planes[known]);
  name = state.plane = known;
  net = plane.net;
  latents = plane.z;
  flowCloud = null;
  keys();
  draw();
}

function arrived(event) {
  if (!element.isConnected) return document.removeEventListener("lab:plane", arrived);
  const { plane, settled } = event.detail;
  const fresh = name !== own.trained;
  if (!state || (fresh && !plane.points)) return;
  // the page belongs to the visitor's hand: a slow machine leaves out pictures of a training,
  // a drag all of them
  if (!fresh && !settled && (dragging || pending || performance.now() < rested)) return;
  take(own.trained, plane);
  state.token = plane.token;
  if (fresh) touch();
  choose(own.trained);
  if (settled) emit();
}
document.addEventListener("lab:plane", arrived);
