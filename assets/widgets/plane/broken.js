// What the switch beside the stage breaks, in each mode: + of the page in the place of ⊕. It is drawn over
// what holds, in the colour of what does not; how far both lie apart is for the words.
const breaker = () => document.querySelector(`#${own.breaker} input`);
const isBroken = () => Boolean(breaker()?.checked);
const BAD = { colour: "bad" };

// From where the law wants a point to where + puts it; how far that is.
function parted(pane, from, to, text) {
  line(panes[pane], segment(from, to), { ...BAD, width: 2.5, dash: [5, 4] });
  spot(panes[pane], to, { ...BAD, radius: 7, text });
  return show(length([to[0] - from[0], to[1] - from[1]]));
}

const BROKEN = {
  // f of the ordinary sum is not the ordinary sum of the images
  add(zx, zy) {
    const { x, y, a, b } = state;
    const sum = ordinary(plus(times(a, x), times(b, y)));
    everywhere(ordinary(segment(x, y)), { ...BAD, width: 3 });
    spots(sum, { ...BAD, radius: 7 }, { input: "+", latent: "g(+)" });
    const images = plus(times(a, inverse(map(zx))), times(b, inverse(map(zy))));
    spot(panes.output, sum.output, { ...BAD, radius: 7, text: "f(x + y)", below: true });
    return parted("output", sum.output, images, "f(x) + f(y)");
  },

  // A itself on the page: an ellipse of the eye
  operator() {
    const ring = circle(ZERO, 1);
    line(panes.input, ring, { ...BAD, width: 2.5 });
    line(panes.output, map(ring), { ...BAD, width: 2.5 });
    const end = ends(state.u, state.s)[0];
    return parted("output", inverse(end), end, "σ₁u₁");
  },

  // powers of A on the page
  orbit(zx) {
    const row = [];
    for (let p = 0; p <= 10; p += 1) {
      const B = planeMath.power(A, p);
      if (B) row.push(...planeMath.apply(B, state.x));
    }
    for (const key of ["input", "output"]) line(panes[key], Float64Array.from(row), { ...BAD, width: 2.5 });
    return parted("output", inverse(map(zx)), map(state.x), "A x");
  },

  // the foot of the perpendicular that the eye drops
  project(zx, zy) {
    const { x, y } = state;
    const along = dot(zy, zy);
    const foot = inverse(times(along > 1e-12 ? dot(zx, zy) / along : 0, zy));
    const plain = times(dot(x, y) / Math.max(1e-12, dot(y, y)), y);
    everywhere(ordinary(between(ZERO, y, -6, 6, 6 * SEGMENT)), { ...BAD, width: 2.5 });
    line(panes.input, segment(x, plain), { ...BAD, width: 1.8, dash: [5, 4] });
    return parted("input", foot, plain, "foot by +");
  },

  // half of the noise and half of the data by +: no data
  flow() {
    flowCloud ||= carry();
    const { noise, landed, states } = flowCloud;
    const half = Math.round(states.length / 2);
    const middle = inverse(states[Math.min(half, states.length - 1)]);
    const plain = noise.map((v, i) => (v + landed[i]) / 2);
    const count = 120;
    for (let i = 0; i < 2 * count; i += 2) {
      const way = [noise[i], noise[i + 1], landed[i], landed[i + 1]];
      line(panes.output, way, { ...BAD, width: 1, alpha: 0.35 });
    }
    const gap = plain.reduce((sum, v, i) => sum + (v - middle[i]) ** 2, 0) / (plain.length / 2);
    return show(Math.sqrt(gap));
  },
};

const onBreak = (event) => {
  if (!element.isConnected) return document.removeEventListener("change", onBreak);
  if (event.target === breaker()) draw();
};
document.addEventListener("change", onBreak);
