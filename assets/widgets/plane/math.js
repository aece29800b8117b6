// The network of a plane in plain JavaScript: g, g⁻¹ and 2×2 operators, in float64. No drawing here.
//
// Points come in rows, [x₀, y₀, x₁, y₁, …]. A layer (network.py) is {matrix, shift, inverse} for z = M x +
// b, or {hidden, at, bound, reach} for an affine coupling whose weights start at numbers[at].
const planeMath = (() => {
  const bytes = (text) => Uint8Array.from(atob(text), (c) => c.charCodeAt(0));
  const floats = (text) => Float64Array.from(new Float32Array(bytes(text).buffer));

  // (x₁, x₂) ↦ (x₁, x₂ exp(s(x₁)) + t(x₁)): the conditioner is two hidden layers of SiLU.
  function couple(layer, w, p, undo) {
    const { hidden: n, at: w1, bound, reach } = layer;
    const one = new Float64Array(n);
    const b1 = w1 + n;
    const w2 = b1 + n;
    const b2 = w2 + n * n;
    const w3 = b2 + n;
    const b3 = w3 + 2 * n;
    for (let i = 0; i < p.length; i += 2) {
      const kept = Math.min(reach, Math.max(-reach, p[i]));
      for (let j = 0; j < n; j++) {
        const v = w[w1 + j] * kept + w[b1 + j];
        one[j] = v / (1 + Math.exp(-v));
      }
      let raw = w[b3];
      let shift = w[b3 + 1];
      for (let k = 0, at = w2; k < n; k++) {
        let v = w[b2 + k];
        for (let j = 0; j < n; j++) v += w[at++] * one[j];
        v /= 1 + Math.exp(-v);
        raw += w[w3 + k] * v;
        shift += w[w3 + n + k] * v;
      }
      const s = bound * Math.tanh(raw / bound);
      p[i + 1] = undo ? (p[i + 1] - shift) * Math.exp(-s) : p[i + 1] * Math.exp(s) + shift;
    }
  }

  function affine(M, before, after, p) {
    for (let i = 0; i < p.length; i += 2) {
      const x = p[i] + before[0];
      const y = p[i + 1] + before[1];
      p[i] = M[0][0] * x + M[0][1] * y + after[0];
      p[i + 1] = M[1][0] * x + M[1][1] * y + after[1];
    }
  }

  const NONE = [0, 0];

  // A plane as it came, with g and g⁻¹ as functions of rows of points; what is given is not changed.
  function network({ layers, numbers }) {
    const w = floats(numbers);
    const encode = (points) => {
      const p = Float64Array.from(points);
      for (const layer of layers)
        layer.matrix ? affine(layer.matrix, NONE, layer.shift, p) : couple(layer, w, p, false);
      return p;
    };
    const decode = (latents) => {
      const p = Float64Array.from(latents);
      for (let i = layers.length - 1; i >= 0; i--) {
        const layer = layers[i];
        if (layer.matrix)
          affine(
            layer.inverse,
            layer.shift.map((b) => -b),
            NONE,
            p,
          );
        else couple(layer, w, p, true);
      }
      return p;
    };
    return { encode, decode };
  }

  // --- 2×2 operators, as [[a, b], [c, d]]
  const apply = (A, points) => {
    const p = Float64Array.from(points);
    affine(A, NONE, NONE, p);
    return p;
  };
  const det = ([[a, b], [c, d]]) => a * d - b * c;
  const unit = (degrees) => [Math.cos((degrees * Math.PI) / 180), Math.sin((degrees * Math.PI) / 180)];

  // A = U diag(s) Vᵀ with rotations U, V by u, v degrees; s₂ < 0 is a reflection.
  function ofSingular({ s, u, v }) {
    const [c, d] = unit(u);
    const [e, f] = unit(v);
    return [
      [s[0] * c * e + s[1] * d * f, s[0] * c * f - s[1] * d * e],
      [s[0] * d * e - s[1] * c * f, s[0] * d * f + s[1] * c * e],
    ];
  }

  // The same the other way: s₁ ≥ |s₂|, and u, v in (−180, 180].
  function toSingular([[a, b], [c, d]]) {
    const e = (a + d) / 2;
    const f = (a - d) / 2;
    const g = (c + b) / 2;
    const h = (c - b) / 2;
    const q = Math.hypot(e, h);
    const r = Math.hypot(f, g);
    const sum = Math.atan2(g, f);
    const difference = Math.atan2(h, e);
    const degrees = (t) => (t * 180) / Math.PI;
    return { s: [q + r, q - r], u: degrees((difference + sum) / 2), v: degrees((sum - difference) / 2) };
  }

  // Aᵖ = α I + β A by the eigenvalues of A (Cayley–Hamilton); null where it is not real or does not exist.
  function power(A, p) {
    const [[a, b], [c, d]] = A;
    const half = (a + d) / 2;
    const det = a * d - b * c;
    const disc = half * half - det;
    const whole = Number.isInteger(p);
    const size = Math.max(Math.abs(a), Math.abs(b), Math.abs(c), Math.abs(d));
    const tiny = 1e-12 * size;
    let alpha;
    let beta;
    if (p === 0) {
      alpha = 1;
      beta = 0;
    } else if (disc < -tiny * size) {
      const r = Math.sqrt(det);
      const angle = Math.acos(half / r);
      beta = (r ** (p - 1) * Math.sin(p * angle)) / Math.sin(angle);
      alpha = r ** p * Math.cos(p * angle) - beta * half;
    } else {
      const root = Math.sqrt(Math.max(0, disc));
      const high = half + root;
      const low = half - root;
      if (p < 0 && Math.min(Math.abs(high), Math.abs(low)) <= tiny) return null;
      if (!whole && low < -tiny) return null;
      const l1 = whole ? high : Math.max(0, high);
      const l2 = whole ? low : Math.max(0, low);
      if (root > 1e-6 * size) beta = (l1 ** p - l2 ** p) / (l1 - l2);
      else if (half > tiny || whole) beta = p * half ** (p - 1);
      else if (size === 0) beta = 1;
      else return null; // nilpotent: 0 is an eigenvalue without a second eigenvector
      alpha = root > 1e-6 * size ? l1 ** p - beta * l1 : (1 - p) * half ** p;
    }
    return [
      [alpha + beta * a, beta * b],
      [beta * c, alpha + beta * d],
    ];
  }

  // --- the flow: dz/dt = V(t) z, one number per axis
  const growth = (v, t) => (t * v - (1 - t)) / Math.max((1 - t) ** 2 + t * t * v, 1e-300);
  const STEPS = {
    euler: (v, t, h) => 1 + h * growth(v, t),
    rk4: (v, t, h) => {
      const k1 = growth(v, t);
      const middle = growth(v, t + h / 2);
      const k2 = middle * (1 + (h / 2) * k1);
      const k3 = middle * (1 + (h / 2) * k2);
      const k4 = growth(v, t + h) * (1 + h * k3);
      return 1 + (h / 6) * (k1 + 2 * k2 + 2 * k3 + k4);
    },
  };
  // What step i of `count` multiplies each axis by; the product of all is the collapsed operator B.
  const step = (variances, i, count, method) => variances.map((v) => STEPS[method](v, i / count, 1 / count));

  // Reproducible noise: Mulberry32 and Box–Muller.
  function noise(count, seed) {
    let state = seed >>> 0;
    const uniform = () => {
      state = (state + 0x6d2b79f5) >>> 0;
      let t = Math.imul(state ^ (state >>> 15), state | 1);
      t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
      return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
    };
    const out = new Float64Array(2 * count);
    for (let i = 0; i < out.length; i += 2) {
      const r = Math.sqrt(-2 * Math.log(1 - uniform()));
      const a = 2 * Math.PI * uniform();
      out[i] = r * Math.cos(a);
      out[i + 1] = r * Math.sin(a);
    }
    return out;
  }

  return { bytes, floats, network, apply, det, unit, ofSingular, toSingular, power, step, noise };
})();
