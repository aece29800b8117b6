// Noise and the flow from it, as app/pictures/noise.py and linearizer_core/methods/flow_matching.py have them.
(() => {
  // torch.randn of a seed, for counts of 16 and more in whole blocks: Mersenne Twister, then Box–Muller in
  // blocks of 16.
  const twister = (seed) => {
    const state = new Uint32Array(624);
    state[0] = seed;
    for (let i = 1; i < 624; i++) state[i] = Math.imul(1812433253, state[i - 1] ^ (state[i - 1] >>> 30)) + i;
    let at = 624;
    return () => {
      if (at === 624) {
        for (let i = 0; i < 624; i++) {
          const y = (state[i] & 0x80000000) | (state[(i + 1) % 624] & 0x7fffffff);
          state[i] = state[(i + 397) % 624] ^ (y >>> 1) ^ (y & 1 ? 0x9908b0df : 0);
        }
        at = 0;
      }
      let y = state[at++];
      y ^= y >>> 11;
      y ^= (y << 7) & 0x9d2c5680;
      y ^= (y << 15) & 0xefc60000;
      return (y ^ (y >>> 18)) >>> 0;
    };
  };

  // torch.rand: 24 bits each.
  const uniform = (seed, count, next = twister(seed)) =>
    Float32Array.from({ length: count }, () => (next() & 0xffffff) / 0x1000000);

  const normal = (data, at) => {
    for (let j = at; j < at + 8; j++) {
      const radius = Math.sqrt(-2 * Math.log(1 - data[j]));
      const angle = 2 * Math.PI * data[j + 8];
      data[j] = radius * Math.cos(angle);
      data[j + 8] = radius * Math.sin(angle);
    }
  };

  const white = (seed, count) => {
    const next = twister(seed);
    const data = uniform(seed, count, next);
    for (let at = 0; at + 16 <= count; at += 16) normal(data, at);
    if (count % 16) {
      // the last sixteen are drawn anew
      data.set(uniform(seed, 16, next), count - 16);
      normal(data, count - 16);
    }
    return data;
  };

  // --- the integrator, one number for each axis -----------------------------------------------------------
  const growth = (v, t) => (t * v - (1 - t)) / Math.max((1 - t) ** 2 + t * t * v, 1e-38);
  const METHODS = {
    euler: (v, t, h, z) => z + h * growth(v, t) * z,
    midpoint: (v, t, h, z) => z + h * growth(v, t + h / 2) * (z + (h / 2) * growth(v, t) * z),
    rk4: (v, t, h, z) => {
      const middle = growth(v, t + h / 2);
      const k1 = growth(v, t) * z;
      const k2 = middle * (z + (h / 2) * k1);
      const k3 = middle * (z + (h / 2) * k2);
      const k4 = growth(v, t + h) * (z + h * k3);
      return z + (h / 6) * (k1 + 2 * k2 + 2 * k3 + k4);
    },
    // "break it": stages without their cross terms are Simpson's rule
    simpson: (v, t, h, z) => {
      const [a, b, c] = [t, t + h / 2, t + h].map((at) => growth(v, Math.min(at, 1)));
      return z + (h / 6) * (a + 4 * b + c) * z;
    },
  };

  // The states z at t = 0, h, … 1 that `keep(step)` asks for; the last without it.
  const integrate = (variances, start, steps, method, keep) => {
    const step = METHODS[method];
    const z = Float32Array.from(start);
    const kept = keep?.(0) ? [z.slice()] : [];
    for (let k = 0; k < steps; k++) {
      const t = k / steps;
      const h = (k + 1) / steps - t;
      for (let i = 0; i < z.length; i++) z[i] = step(variances[i], t, h, z[i]);
      if (keep?.(k + 1)) kept.push(z.slice());
    }
    return keep ? kept : z;
  };

  // B: the product of all steps.
  const product = (variances, steps, method) =>
    integrate(variances, new Float32Array(variances.length).fill(1), steps, method);

  // torch.rand of a seed, one call after the other.
  const dice = (seed) => {
    const next = twister(seed);
    return (count) => uniform(seed, count, next);
  };

  const RTOL = 1e-6; // of the largest singular value of B: smaller ones count as 0

  lab.flow = { RTOL, dice, white, integrate, product };
})();
