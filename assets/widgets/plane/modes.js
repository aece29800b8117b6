// What each mode draws over the still part. A mode gets g(x) and g(y) and gives back the numbers for its
// words.
const MODES = {
  add(zx, zy) {
    const { x, y, a, b } = state;
    const sum = plus(times(a, zx), times(b, zy));
    const plain = plus(times(a, x), times(b, y));
    const vectors = state.show.includes("vectors");
    const sums = induced(sum);
    if (!covered()) {
      everywhere(induced(between(zx, zy, -4, 5, 5 * SEGMENT)), {
        colour: "induced",
        width: 1.2,
        alpha: 0.55,
      });
      if (!isBroken()) everywhere(induced(segment(zx, zy)), { colour: "induced", width: 2.5, alpha: 0.9 });
      everywhere(ordinary(segment(x, y)), { colour: "pixel", width: 2, dash: [6, 5] });
      if (vectors) parallelograms(times(a, zx), times(b, zy), times(a, x), times(b, y));
      spots(ordinary(plain), { colour: "pixel", below: true }, { input: "+" });
      spots(sums, { colour: "induced", radius: 7 }, { input: "⊕" });
    }
    return {
      a: show(a),
      b: show(b),
      induced: at(sums.input),
      ordinary: at(plain),
      gap: show(length([sums.input[0] - plain[0], sums.input[1] - plain[1]])),
      image: at(sums.output),
    };
  },

  operator() {
    const [s1, s2] = state.s;
    const u = ends(state.u, [s1, s2]);
    const v = ends(state.v, [1, 1]);
    const ring = circle(ZERO, 1);
    for (const [z, side, colour] of [
      [ring, "input", "induced"],
      [map(ring), "output", "accent"],
    ]) {
      const style = { colour, width: 2.5, filled: true };
      line(panes[side], inverse(z), style);
      line(panes.latent, z, style);
    }
    for (const [axes, side, colour] of [
      [v, "input", "induced"],
      [u, "output", "accent"],
    ]) {
      axes.forEach((axis, i) => {
        const z = segment(ZERO, axis);
        const style = { colour, width: 2, dash: i ? [6, 4] : [] };
        line(panes[side], inverse(z), style);
        line(panes.latent, z, style);
      });
    }
    spots(induced(ZERO), { colour: "induced", radius: 5, hollow: true });
    return { s1: show(s1), s2: show(s2), u: show(state.u, 0), v: show(state.v, 0), det: show(s1 * s2) };
  },

  orbit(zx) {
    const { real, curve, points } = powersOf(zx);
    if (real) everywhere(alike(curve), { colour: "induced", width: 2, alpha: 0.7 });
    for (const [n, z] of points) {
      const text = n && n >= -1 && n <= 3 ? `f${power(n)}` : "";
      spots(alike(z), { colour: "induced", radius: 4 }, { input: text });
    }
    const B = planeMath.power(A, state.p);
    if (!B) {
      const singular = planeMath.det(A) === 0 || state.p < 0;
      return { none: true, p: show(state.p, 1), why: singular ? own.words.singular : own.words.negative };
    }
    const places = alike(planeMath.apply(B, zx));
    spots(places, { colour: "accent", radius: 8 }, { output: `f${power(state.p)}(x)` });
    return {
      p: show(state.p, 1),
      raised: power(state.p),
      place: at(places.output),
      why: real ? "" : own.words.negative,
    };
  },

  project(zx, zy) {
    const along = dot(zy, zy);
    const c = along > 1e-12 ? dot(zx, zy) / along : 0;
    const foot = times(c, zy);
    const distance = length([zx[0] - foot[0], zx[1] - foot[1]]);
    everywhere(induced(between(ZERO, zy, -6, 6, 6 * SEGMENT)), { colour: "induced", width: 2.5 });
    for (const share of [1 / 3, 2 / 3]) {
      if (share > grown) continue;
      everywhere(induced(circle(zx, share * distance)), { colour: "accent", width: 1.2, alpha: 0.6 });
    }
    everywhere(induced(circle(zx, grown * distance)), { colour: "accent", width: 2.2 });
    spots(induced(ZERO), { colour: "induced", radius: 5, hollow: true }, { input: "0", latent: "0" });
    const places = induced(foot);
    if (grown >= 1) {
      everywhere(induced(segment(zx, foot)), { colour: "accent", width: 1.8, dash: [5, 4] });
      spots(places, { colour: "accent", radius: 7 }, { input: "P(x)", latent: "P", output: "f(P(x))" });
    }
    const plain = times(dot(state.x, state.y) / Math.max(1e-12, dot(state.y, state.y)), state.y);
    return { c: show(c), place: at(places.input), distance: show(distance), plain: at(plain) };
  },

  flow() {
    flowCloud ||= carry();
    const { noise, labels, states, landed, once, B, gap } = flowCloud;
    const now = Math.round(t * state.steps);
    dots(panes.input, noise, labels, 0.9);
    dots(panes.latent, states[now], labels, 0.9);
    dots(panes.output, now === state.steps ? landed : inverse(states[now]), labels, 0.9);
    rings(panes.output, once.subarray(0, 120));
    return {
      t: show(now / state.steps),
      steps: state.steps,
      method: own.methods[state.method],
      count: CLOUD,
      gap: tiny(gap),
      b1: show(B[0]),
      b2: show(B[1]),
    };
  },
};

// The sum of two vectors as everybody draws it: of latents, filled, and of points of the plane, dashed.
function parallelograms(za, zb, ax, by) {
  const sum = plus(za, zb);
  const plain = plus(ax, by);
  const side = { colour: "pixel", width: 1.4, dash: [3, 4], alpha: 0.8 };
  for (const end of [ax, by]) {
    everywhere(ordinary(segment(ZERO, end)), side);
    everywhere(ordinary(segment(end, plain)), side);
  }
  const around = [...segment(ZERO, za), ...segment(za, sum), ...segment(sum, zb), ...segment(zb, ZERO)];
  everywhere(induced(around), { colour: "induced", width: 2, filled: true, alpha: 0.9 });
  spots(
    induced(ZERO),
    { colour: "induced", radius: 5, hollow: true },
    { input: "0", latent: "0", output: "0" },
  );
}

// f maps a plane to itself here, so x and its images stand in one and the same plane.
function alike(z) {
  const place = inverse(z);
  return { input: place, latent: z, output: place };
}

// Aⁿ g(x) for whole n, and the curve of Aᵖ g(x) through them; it is real only where A has real powers.
function powersOf(zx) {
  const curve = [];
  const points = [];
  let real = true;
  for (let p = -3; p <= 10.001; p += 0.05) {
    const B = planeMath.power(A, round(p));
    if (!B && p > 0 && !Number.isInteger(round(p))) real = false;
    curve.push(...(B ? planeMath.apply(B, zx) : [NaN, NaN]));
  }
  for (let n = -3; n <= 10; n++) {
    const B = planeMath.power(A, n);
    if (B) points.push([n, planeMath.apply(B, zx)]);
  }
  return { real, curve: Float64Array.from(curve), points };
}
