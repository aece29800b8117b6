// The laws of linearizer_core/diagnostics, measured here by the same formulas, in float32.
(() => {
  const { combined, scaled } = lab.ticks.numbers;
  const plus = (u, v) => combined([1, 1], [u, v]);
  const minus = (u, v) => combined([1, -1], [u, v]);
  const times = (a, v) => combined([a], [v]);
  const dot = (u, v) => u.reduce((sum, one, k) => sum + one * v[k], 0);
  const norm = (v) => Math.sqrt(dot(v, v));
  const largest = (rows) =>
    rows.reduce((top, row) => row.reduce((most, v) => Math.max(most, Math.abs(v)), top), 0);

  const ratio = (difference, ...sizes) => {
    const size = Math.max(...sizes);
    return size > 0 ? difference / size : difference;
  };
  // max |left − right| / max(|left|, |right|), for lists of vectors.
  const relative = (left, right) =>
    ratio(
      left.reduce((top, row, i) => Math.max(top, largest([minus(row, right[i])])), 0),
      largest(left),
      largest(right),
    );

  const roundTrip = async (g, xs) => {
    const z = await g.encode(xs);
    const back = await g.decode(z);
    return Math.max(relative(back, xs), relative(await g.encode(back), z));
  };

  // ⊕ and ⊙ of a model's space on points, or another ⊕.
  const space = (g, other) => ({
    add:
      other ??
      (async (x, y) => {
        const [u, v] = await g.encode([x, y]);
        return (await g.decode([plus(u, v)]))[0];
      }),
    scale: async (a, x) => {
      const [z] = await g.encode([x]);
      return (await g.decode([times(a, z)]))[0];
    },
  });

  // The eight axioms at points x, y, z: [name of the worst, its error].
  const axioms = async (g, [x, y, z], other, a = 0.7, b = -1.3) => {
    const { add, scale } = space(g, other);
    const [zero] = await g.decode([new Float32Array(g.size)]);
    const sum = await add(x, y);
    const sides = {
      associative: [await add(sum, z), await add(x, await add(y, z))],
      commutative: [sum, await add(y, x)],
      zero: [await add(x, zero), x],
      negative: [await add(x, await scale(-1, x)), zero],
      "scalars multiply": [await scale(a, await scale(b, x)), await scale(a * b, x)],
      one: [await scale(1, x), x],
      "distributes over points": [await scale(a, sum), await add(await scale(a, x), await scale(a, y))],
      "distributes over scalars": [await scale(a + b, x), await add(await scale(a, x), await scale(b, x))],
    };
    const size = largest([x, y, z, zero]);
    const errors = Object.entries(sides).map(([name, [left, right]]) => [
      name,
      ratio(largest([minus(left, right)]), largest([left]), largest([right]), size),
    ]);
    return errors.reduce((worst, one) => (one[1] > worst[1] ? one : worst));
  };

  // f(x) = g⁻¹(A g(x)) for A on latents.
  const map = (g, A) => async (x) => (await g.decode([A((await g.encode([x]))[0])]))[0];

  const linearity = async (g, f, [x, y], a, b, other) => {
    const { add, scale } = space(g, other);
    const left = await f(await add(await scale(a, x), await scale(b, y)));
    const right = await add(await scale(a, await f(x)), await scale(b, await f(y)));
    return relative([left], [right]);
  };

  // --- what the meter shows ------------------------------------------------------------------------------
  const { general } = lab.ticks.words;
  const raised = (power) => String(power).replace(/[-\d]/g, (c) => "⁻⁰¹²³⁴⁵⁶⁷⁸⁹"["-0123456789".indexOf(c)]);
  const filled = (text, holes) => text.replace(/\{(\w+)\}/g, (whole, name) => holes[name] ?? whole);

  const number = (error) => {
    if (!Number.isFinite(error)) return lab.told.words.lab.not_finite;
    if (error === 0 || error >= 0.01) return error < 1000 ? general(error, 2) : error.toFixed(0);
    const [digits, power] = error.toExponential(1).split("e");
    return `${digits}·10${raised(Number(power))}`;
  };
  const seconds = (value) => {
    if (value >= 1) return `${value.toFixed(1)} s`;
    return value >= 0.0995 ? `${(1000 * value).toFixed(0)} ms` : `${general(1000 * value, 2)} ms`;
  };

  // The value of a proof meter for laws [name, formula, error].
  let turn = 0;
  const reading = (laws) => {
    const words = lab.told.words.lab;
    const rows = laws.map(([name, formula, error]) => ({
      name,
      formula,
      error: Number.isFinite(error) ? error : 1e9,
      holds: error <= words.limit,
      text: number(error),
    }));
    const broken = rows.find(({ holds }) => !holds);
    const verdict = broken ? filled(words.broken, { law: broken.name }) : words.holds;
    turn += 1;
    return { laws: rows, verdict: rows.length ? verdict : words.wait, turn };
  };

  // |x − y| so amplified that it can be seen: app/pictures/difference.py.
  const difference = (x, y) => {
    const words = lab.told.words.lab;
    const gap = minus(x, y).map(Math.abs);
    const most = largest([gap]);
    const power = most > 0 && most < Infinity ? Math.max(0, Math.floor(-Math.log10(most))) : 0;
    const said = number(most);
    return {
      shown: times(10 ** power, gap),
      caption: power ? filled(words.amplified, { times: `10${raised(power)}` }) : words.difference,
      note: said === "0" ? words.identical : filled(words.at_most, { number: said }),
    };
  };

  lab.algebra = {
    ...{ plus, minus, times, dot, norm, largest, ratio, relative, scaled, combined },
    ...{ roundTrip, space, axioms, map, linearity, filled, number, seconds, reading, difference },
  };
})();
