// Ticks in the browser: the little linear algebra between two encodings, and the words that go with it.
// What is written here is written in the core, too, and tests compare them.
(() => {
  // --- numbers ------------------------------------------------------------------------------------------
  // The Float32Array that app.engine.packed wrote; one that is one already stays.
  const floats = (text) => {
    if (text instanceof Float32Array) return text;
    const bytes = Uint8Array.from(atob(text), (c) => c.charCodeAt(0));
    return new Float32Array(bytes.buffer);
  };

  // Σ wᵢ vᵢ
  const combined = (weights, vectors) => {
    const sum = new Float32Array(vectors[0].length);
    weights.forEach((w, i) => {
      if (w) for (let k = 0; k < sum.length; k++) sum[k] += w * vectors[i][k];
    });
    return sum;
  };

  // Axis by axis: σ ∘ c.
  const scaled = (values, c) => c.map((v, k) => v * values[k]);

  // The first k numbers, and 0 for the others.
  const kept = (c, k) => c.map((v, i) => (i < k ? v : 0));

  // Singular values after moves of the spectrum: app/views/spectrum/moves.py says what each does.
  const LARGEST = 1000;
  const MOST_STEPS = 1000;
  const CUT = 0.05;
  const TINY = 1e-6;
  const moved = (values, [kind, first, second]) => {
    if (kind === "set") return values.map((v, i) => (i === first ? second : v));
    if (kind === "keep") return kept(values, first);
    let top = 0;
    for (const v of values) top = Math.max(top, v);
    const cut = (first < 0 ? CUT : TINY) * top;
    return values.map((v) => (v > cut ? Math.min(LARGEST, v ** first) : 0));
  };

  // By how much a step of an integrator of methods/flow_matching.py in the core scales z along dz/dt = v z,
  // from v at its beginning, in its middle and at its end.
  const growths = {
    euler: (h, v) => 1 + h * v,
    midpoint: (h, v, middle) => 1 + h * middle * (1 + (h / 2) * v),
    rk4: (h, v, middle, end) => {
      const k2 = middle * (1 + (h / 2) * v);
      const k3 = middle * (1 + (h / 2) * k2);
      return 1 + (h / 6) * (v + 2 * k2 + 2 * k3 + end * (1 + h * k3));
    },
  };

  // v at t for axes that end with these variances.
  const velocities = (variances, t, to) => {
    const [rest, square, other] = [1 - t, t * t, (1 - t) ** 2];
    for (let k = 0; k < to.length; k++) to[k] = (t * variances[k] - rest) / (other + square * variances[k]);
    return to;
  };

  // z₀ after so many steps, one after the other, and by the product of all of them, which is B.
  const generated = (variances, start, steps, method) => {
    const [many, growth, h] = [Float32Array.from(start), growths[method], 1 / steps];
    const B = new Float64Array(many.length).fill(1);
    let [v, middle, end] = [0, 0, 0].map(() => new Float64Array(many.length));
    velocities(variances, 0, v);
    for (let i = 0; i < steps; i++) {
      velocities(variances, (i + 0.5) * h, middle);
      velocities(variances, (i + 1) * h, end);
      for (let k = 0; k < many.length; k++) {
        const step = growth(h, v[k], middle[k], end[k]);
        many[k] *= step;
        B[k] *= step;
      }
      [v, end] = [end, v];
    }
    return [many, many.map((_, k) => B[k] * start[k])];
  };

  // --- words ------------------------------------------------------------------------------------------
  // Python's format(v, ".<digits>g").
  const general = (v, digits = 6) => {
    if (v === 0) return "0";
    const [mantissa, power] = v.toExponential(digits - 1).split("e");
    const trim = (text) => (text.includes(".") ? text.replace(/\.?0+$/, "") : text);
    const e = Number(power);
    if (e < -4 || e >= digits)
      return `${trim(mantissa)}e${e < 0 ? "-" : "+"}${String(Math.abs(e)).padStart(2, "0")}`;
    return trim(v.toFixed(Math.max(0, digits - 1 - e)));
  };
  const signed = (text) => text.replace("-", "−");
  const minus = (v) => signed(v.toFixed(2));
  const subscript = (n) => String(n).replace(/\d/g, (digit) => "₀₁₂₃₄₅₆₇₈₉"[digit]);
  const summed = (terms) => terms.join(" + ").replaceAll("+ −", "− ");

  // Pictures as bytes (C, H, W) → (H, W, C): what app.pictures.encoding.to_pixels makes of them.
  const pixelsOf = (
    picture,
    [channels, height, width],
    to = new Uint8ClampedArray(picture.length),
    from = 0,
  ) => {
    const positions = height * width;
    for (let c = 0; c < channels; c++)
      for (let p = 0; p < positions; p++) to[from + p * channels + c] = 255 * picture[c * positions + p];
    return to;
  };

  const level = (v) => Math.min(1, Math.max(0, v)); // of a pixel, as a screen shows it

  // The value of a `Pictures` widget for pictures as vectors, each (C, H, W).
  const tiles = (shape, pictures, captions, notes = [], ids = []) => {
    const size = pictures[0].length;
    const data = new Uint8ClampedArray(pictures.length * size);
    pictures.forEach((picture, k) => {
      pixelsOf(picture, shape, data, k * size);
    });
    const [channels, height, width] = shape;
    return {
      pictures: { count: pictures.length, height, width, channels, data },
      captions,
      notes,
      ids,
      selected: -1,
    };
  };

  // --- views ------------------------------------------------------------------------------------------
  // Each: (ingredients, where the controls stand, what the stage shows) → an async function of
  // `call(program, vectors)`, which gives the stage's value and text for elements by id; null where the
  // ingredients are for something else, undefined where this is for the server to answer.
  const interpolate = ({ vectors, shape, words, age }, { weights, years }) => {
    const { latents, pixels, older = [] } = vectors;
    const used = weights.slice(0, latents.length);
    const later = older.length ? years : 0;
    let induced = words.induced;
    if (age) {
      const read = used.reduce((sum, w, i) => sum + w * age.of[i], age.offset + later * age.year);
      induced = `${induced}, looks ${signed(read.toFixed(0))}`;
    }
    const terms = used.map((w, i) => `${minus(w)} g(x${subscript(i + 1)})`);
    if (later) terms.push(`${signed(general(later))} g(older)`);
    const flat = summed(used.map((w, i) => `${minus(w)} x${subscript(i + 1)}`));
    return async (call) => {
      const [blend] = await call("decode", [combined([...used, later], [...latents, ...older])]);
      const notes = [`g⁻¹( ${summed(terms)} )`, flat];
      return { stage: tiles(shape, [blend, combined(used, pixels)], [induced, words.pixel], notes) };
    };
  };

  const spectrum = ({ vectors, shape, words, model, picture }, { handles }) => {
    if (handles?.model !== model.name) return null;
    const { x, before } = vectors;
    const [c] = vectors.along;
    const { moves, selected } = handles;
    const values = moves.reduce(moved, vectors.values[0]);
    const rank = values.reduce((count, v) => count + (v > 0), 0);
    const along = minus(c[selected]);
    const formula = [
      ["", `f(x) = ⊕ᵢ σᵢ ⟨x, vᵢ⟩ ⊙ uᵢ, ${rank} terms; the selected one is `],
      ["b", general(values[selected], 3)],
      ["", ` · ${c[selected] < 0 ? `(${along})` : along} ⊙ u${subscript(selected + 1)}`],
    ];
    const said = moves.map(([kind, ...numbers]) => kind[0] + numbers.map((n) => general(n, 12)).join(":"));
    return async (call) => {
      const [z] = await call("recombine", [scaled(values, c)]);
      const [now] = await call("decode", [z]);
      const ids = [picture, "trained", ["now", ...said].join(",")];
      const parted = now.reduce((most, v, i) => Math.max(most, Math.abs(level(v) - level(before[0][i]))), 0);
      const note = moves.length ? words.moved.replace("{farthest}", parted.toFixed(2)) : words.still;
      return {
        stage: tiles(shape, [x[0], before[0], now], words.titles, ["", "", note], ids),
        html: { "spectrum-formula": formula },
      };
    };
  };

  const walk = ({ vectors, shape, words, spreads, component, origin }, controls) => {
    if (controls.component !== component) return null;
    const { starts, latent, pixel } = vectors;
    const t = controls.steps;
    const step = (k) => `${minus(t)} · ${spreads[k].toFixed(2)} c${subscript(component)}`;
    const start = origin === "x" ? "g(x)" : origin;
    const notes = [`g⁻¹(${summed([start, step(0)])})`, summed([origin, step(1)])];
    return async (call) => {
      const [reached] = await call("decode", [combined([1, t], [starts[0], latent[0]])]);
      return { stage: tiles(shape, [reached, combined([1, t], [pixel[0], pixel[1]])], words.titles, notes) };
    };
  };

  // f(f(x)) and what is measured of it are the server's, when the hand rests: until then they stay.
  const project = ({ vectors, shape, model, id }, controls, seen) => {
    if (controls.model !== model.name) return null;
    if (seen?.pictures?.count !== 3) return undefined;
    const k = controls.rank;
    const [[x], [c]] = [vectors.x, vectors.along];
    return async (call) => {
      const [near] = await call("recombine", [kept(c, k)]);
      const [once] = await call("decode", [near]);
      const stage = tiles(shape, [x, once, once], seen.captions, seen.notes, [id, String(k)]);
      const size = x.length;
      stage.pictures.data.set(lab.bytes(seen.pictures).subarray(2 * size), 2 * size);
      return { stage, html: { "project-formula": [["", `f(x) = g⁻¹( P${subscript(k)} g(x) )`]] } };
    };
  };

  // The end of N steps and one step. How long they take and how they differ the server measures when the hand
  // rests: then it stays, and it is not shown before.
  const generate = ({ vectors, shape, words, model, of }, controls, seen) => {
    const { steps } = controls;
    if (controls.model !== model.name || String(controls.seed) !== String(of.seed)) return null;
    if (controls.method !== of.method || String(controls.label) !== of.label) return null;
    if (seen?.pictures?.count !== 4 || !(Number.isInteger(steps) && steps >= 1 && steps <= MOST_STEPS))
      return undefined;
    const [[variances], [start]] = [vectors.variances, vectors.start];
    const ids = [of.seed, of.label, steps, of.method].map(String);
    const measured = seen.ids.join() === ids.join();
    const [noise, one, differ] = words.titles;
    const many = `${steps} ${words.integrator} step${steps > 1 ? "s" : ""}`;
    const [begin, step, stages] = words.formula;
    const product =
      steps === 1
        ? [["", "B = "]]
        : [
            ["", "B = ∏ₖ₌₀"],
            ["sup", String(steps - 1)],
            ["", " "],
          ];
    const rest = ["", `( ${step} ),  h = ${general(1 / steps, 3)}`];
    return async (call) => {
      const [first, second] = await call("decode", generated(variances, start, steps, of.method));
      const blank = new Float32Array(first.length);
      const stage = tiles(
        shape,
        [blank, first, second, blank],
        measured ? seen.captions : [noise, many, one, differ],
        measured ? seen.notes : [words.note, "", "", ""],
        measured ? ids : [...ids, "running"],
      );
      const [size, before] = [first.length, lab.bytes(seen.pictures)];
      for (const at of measured ? [0, 3 * size] : [0])
        stage.pictures.data.set(before.subarray(at, at + size), at);
      return { stage, html: { "generate-formula": [["", begin], ...product, rest, ["small", stages]] } };
    };
  };

  lab.ticks = { interpolate, spectrum, latent_pca: walk, project, generate, tiles };
  lab.ticks.words = { general, minus, signed, subscript, summed };
  lab.ticks.numbers = { floats, combined, scaled, kept, moved, generated };
})();
