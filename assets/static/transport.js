// White noise to a mixture of Gaussians and back: linearizer_core/networks/transport.py, in double precision.
(() => {
  // erfc(x) exp(x²) for x > 2 by its continued fraction, from the inside out.
  const tail = (x) => {
    let found = 0;
    for (let k = 60; k > 0; k--) found = k / 2 / (x + found);
    return 1 / ((x + found) * Math.sqrt(Math.PI));
  };
  const erf = (x) => {
    let term = x;
    let sum = x;
    for (let n = 1; n < 80; n++) {
      term *= (-x * x) / n;
      sum += term / (2 * n + 1);
    }
    return (2 * sum) / Math.sqrt(Math.PI);
  };
  // log Φ(x).
  const logNdtr = (x) => {
    const t = Math.abs(x) / Math.SQRT2;
    if (x < 0) return t > 2 ? Math.log(tail(t) / 2) - t * t : Math.log((1 - erf(t)) / 2);
    return Math.log1p(t > 2 ? (-tail(t) / 2) * Math.exp(-t * t) : (erf(t) - 1) / 2);
  };

  const logSum = (terms) => {
    const top = Math.max(...terms);
    return top + Math.log(terms.reduce((sum, v) => sum + Math.exp(v - top), 0));
  };
  const normalised = (weights) => {
    const all = logSum(weights);
    return weights.map((w) => w - all);
  };

  // u with Φ⁻¹ of the mixture's distribution function at u equal to y, by bisection.
  const quantile = (y, means, weights) => {
    let low = y + Math.min(...means);
    let high = y + Math.max(...means);
    const target = logNdtr(-Math.abs(y));
    for (let i = 0; i < 56; i++) {
      const middle = (low + high) / 2;
      const part = logSum(weights.map((w, k) => w + logNdtr(y > 0 ? means[k] - middle : middle - means[k])));
      if (y > 0 ? part < target : part > target) high = middle;
      else low = middle;
    }
    return (low + high) / 2;
  };

  // y with log Φ(y) = p ≤ log ½, by Newton.
  const logQuantile = (p) => {
    let y = -Math.sqrt(-2 * p);
    for (let i = 0; i < 13; i++) {
      const slope = Math.exp((-y * y) / 2 - 0.5 * Math.log(2 * Math.PI) - logNdtr(y));
      y += Math.min(1, (p - logNdtr(y)) / slope);
    }
    return y;
  };
  const score = (u, means, weights) => {
    const below = logSum(weights.map((w, k) => w + logNdtr(u - means[k])));
    const above = logSum(weights.map((w, k) => w + logNdtr(means[k] - u)));
    return below < above ? logQuantile(below) : -logQuantile(above);
  };

  // By rows of `means` (classes × size): there is noise to latents, back the other way.
  const transport = (means, size, leading = 2) => {
    const classes = means.length / size;
    const column = (axis) => Array.from({ length: classes }, (_, k) => means[k * size + axis]);
    const move = (x, way) => {
      const found = Float32Array.from(x);
      let weights = new Array(classes).fill(0);
      for (let axis = 0; axis < leading; axis++) {
        const at = column(axis);
        const given = way > 0 ? quantile(x[axis], at, normalised(weights)) : x[axis];
        found[axis] = way > 0 ? given : score(x[axis], at, normalised(weights));
        weights = weights.map((w, k) => w - (given - at[k]) ** 2 / 2);
      }
      const share = normalised(weights).map(Math.exp);
      for (let i = leading; i < size; i++)
        for (let k = 0; k < classes; k++) found[i] += way * share[k] * means[k * size + i];
      return found;
    };
    return { there: (x) => move(x, 1), back: (z) => move(z, -1) };
  };

  // Where a class is named: a shift by its mean.
  const shift = (mean) => ({
    there: (x) => x.map((v, i) => v + mean[i]),
    back: (z) => z.map((v, i) => v - mean[i]),
  });

  lab.transport = { transport, shift };
})();
