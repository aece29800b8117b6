// Plane without a server: the widget draws all by itself, here its laws are measured.
(() => {
  const { axioms, dot, filled, linearity, map, norm, plus, ratio, relative, roundTrip, times } = lab.algebra;
  const { minus: shown } = lab.ticks.words;
  const NOISE = 500;
  const GRID = 21;
  const REACH = 3;
  let planes = {};
  document.addEventListener("lab:planes", ({ detail }) => {
    planes = detail;
  });

  const widget = () => document.querySelector("#plane-canvas .lab-plane").plane;
  const space = () => {
    const { encode, decode } = widget();
    const each = (fn) => async (rows) => rows.map((row) => fn(row));
    return { size: 2, encode: each(encode), decode: each(decode) };
  };
  const grid = () => {
    const rows = [];
    const at = (k) => REACH * ((2 * k) / (GRID - 1) - 1);
    for (let i = 0; i < GRID; i++) for (let k = 0; k < GRID; k++) rows.push([at(k), at(i)]);
    return rows;
  };
  const apply = (A) => (z) =>
    Float64Array.of(A[0][0] * z[0] + A[0][1] * z[1], A[1][0] * z[0] + A[1][1] * z[1]);

  // σ₁ ⟨x, v₁⟩ ⊙ u₁ ⊕ σ₂ ⟨x, v₂⟩ ⊙ u₂, the pairs taken through points.
  const svd = async (g, f, x, { s, u, v }) => {
    const axis = (degrees, k) => {
      const angle = (degrees * Math.PI) / 180 + (k * Math.PI) / 2;
      return Float64Array.of(Math.cos(angle), Math.sin(angle));
    };
    const ends = async (degrees) => g.encode(await g.decode([axis(degrees, 0), axis(degrees, 1)]));
    const [V, U] = [await ends(v), await ends(u)];
    const [z] = await g.encode([x]);
    const sum = plus(times(s[0] * dot(z, V[0]), U[0]), times(s[1] * dot(z, V[1]), U[1]));
    const gram = (rows) =>
      relative([[dot(rows[0], rows[0]), dot(rows[0], rows[1]), dot(rows[1], rows[1])]], [[1, 0, 1]]);
    return Math.max(relative(await g.decode([sum]), [await f(x)]), gram(V), gram(U));
  };

  const projection = async (g, x, y) => {
    const [zx, zy] = await g.encode([x, y]);
    const P = async (point) => {
      const [z] = await g.encode([point]);
      return (await g.decode([times(dot(z, zy) / dot(zy, zy), zy)]))[0];
    };
    const px = await P(x);
    const py = await P(y);
    const [zp, zq] = await g.encode([px, py]);
    const rest = plus(zx, times(-1, zp));
    return Math.max(
      relative([await P(px)], [px]),
      ratio(Math.abs(dot(zp, zy) - dot(zx, zq)), norm(zx) * norm(zy)),
      ratio(Math.abs(dot(rest, zy)) / norm(zy), norm(zx)),
    );
  };

  // N steps from noise, and the one operator that they are.
  const oneStep = async (g, plane, { steps, method }) => {
    const { white, integrate, product } = lab.flow;
    const noise = white(0, 2 * NOISE);
    const start = [...Array(NOISE).keys()].map((i) =>
      plus(noise.subarray(2 * i, 2 * i + 2), plane.noise_means[0]),
    );
    const B = product(plane.variances, steps, method);
    const many = start.map((z) => integrate(plane.variances, z, steps, method));
    const one = start.map((z) => z.map((v, k) => B[k] * v));
    return relative(await g.decode(one), await g.decode(many));
  };

  const laws = async (broken) => {
    const words = lab.told.words;
    const value = lab.page.value("plane-canvas");
    const { x, y, a, b, mode, steps, method } = value;
    const g = space();
    const f = map(g, apply(widget().operator()));
    const other = broken ? async (u, v) => plus(u, v) : undefined;
    const [worst, error] = await axioms(g, [x, y, times(-0.5, y)], other, a, b);
    const found = [
      [words.lab.round_trip, "g⁻¹(g(x)) = x", await roundTrip(g, [x, y, ...grid()])],
      [words.lab.space, filled(words.lab.axioms, { worst }), error],
      [
        words.lab.linearity,
        filled(words.plane.linear, { a: shown(a), b: shown(b) }),
        await linearity(g, f, [x, y], a, b, other),
      ],
    ];
    if (mode === "operator") found.push([...words.plane.svd, await svd(g, f, x, value)]);
    if (mode === "orbit") {
      const cube = map(g, apply(widget().power(widget().operator(), 3)));
      found.push([...words.plane.power, relative([await cube(x)], [await f(await f(await f(x)))])]);
    }
    if (mode === "project")
      found.push([words.lab.projection, words.plane.projection, await projection(g, x, y)]);
    if (mode === "flow") {
      const said = filled(words.plane.one_step[method], { n: steps });
      found.push([words.lab.one_step, said, await oneStep(g, planes[value.plane], value)]);
    }
    return found;
  };

  lab.view("plane", { laws });
})();
