// Points, lines and circles as rows of numbers, [x₀, y₀, x₁, y₁, …]; what they are in each of the three
// planes; and how numbers are written.
const ZERO = [0, 0];
const clamp = (v, low, high) => Math.min(high, Math.max(low, v));
const round = (v, d = 4) => Number(v.toFixed(d)) || 0;
const times = (c, z) => z.map((v) => c * v);
const plus = (z, w) => z.map((v, i) => v + w[i]);
const dot = (z, w) => z[0] * w[0] + z[1] * w[1];
const length = (z) => Math.hypot(z[0], z[1]);

// The line from z to w and beyond: count steps from z + from (w − z) to z + to (w − z).
const between = (z, w, from, to, count) => {
  const row = new Float64Array(2 * count + 2);
  for (let i = 0; i <= count; i++) {
    const s = from + ((to - from) * i) / count;
    row[2 * i] = z[0] + s * (w[0] - z[0]);
    row[2 * i + 1] = z[1] + s * (w[1] - z[1]);
  }
  return row;
};
const segment = (z, w) => between(z, w, 0, 1, SEGMENT);
const circle = (centre, radius, count = ROUND) => {
  const row = new Float64Array(2 * count + 2);
  for (let i = 0; i <= count; i++) {
    row[2 * i] = centre[0] + radius * Math.cos((TAU * i) / count);
    row[2 * i + 1] = centre[1] + radius * Math.sin((TAU * i) / count);
  }
  return row;
};

// The two axes of a rotation by that many degrees, p and q long.
const ends = (degrees, [p, q]) => {
  const [c, d] = planeMath.unit(degrees);
  return [
    [p * c, p * d],
    [-q * d, q * c],
  ];
};

// A latent line is straight in the middle and bent beside it, an ordinary one the other way round.
const g = (points) => net.encode(points);
const inverse = (z) => net.decode(z);
const map = (z) => planeMath.apply(A, z);
const induced = (z) => ({ input: inverse(z), latent: z, output: inverse(map(z)) });
const ordinary = (x) => {
  const z = g(x);
  return { input: x, latent: z, output: inverse(map(z)) };
};

// --- numbers as people write them
const SUPER = { "-": "⁻", ".": "·" };
const show = (v, d = 2) => round(v, d).toFixed(d).replace("-", "−");
const at = (p) => `(${show(p[0])}, ${show(p[1])})`;
const power = (p) => String(round(p, 2)).replace(/./g, (d) => SUPER[d] || "⁰¹²³⁴⁵⁶⁷⁸⁹"[d]);
const tiny = (v) => {
  const [digits, e] = v.toExponential(0).split("e");
  return v ? `${digits}·10${power(Number(e))}` : "0";
};
const fill = (text, values) => text.replace(/\{(\w+)\}/g, (_, key) => values[key]);
