// Spectrum without a server: what app/views/spectrum does, by the engine.
(() => {
  const { difference, dot, filled, linearity, map, plus, relative, times } = lab.algebra;
  const { minus: shown, general, subscript } = lab.ticks.words;
  const { kept, moved, scaled } = lab.ticks.numbers;
  const { page, pictures } = lab;
  const SLUG = "spectrum";
  const WALK = [-3, -1.5, 0, 1.5, 3];
  const WEIGHTS = [0.6, 0.4];
  const TERMS = 8;
  let current = "";

  const words = () => lab.told.words[SLUG];
  const name = () => page.value(`${SLUG}-model`);
  const handles = () => page.value(`${SLUG}-handles`);
  const noise = () => page.value(`${SLUG}-noise`) ?? 0;

  // Its latent by the axes in the order of the singular values, and what these are as trained.
  const along = (model, z) => Float32Array.from(model.order, (axis) => z[axis]);
  const trained = (model) => Float32Array.from(model.order, (axis) => Math.abs(model.A[axis]));
  const values = (model) => handles().moves.reduce(moved, trained(model));
  // A with other singular values, on latents.
  const operator = (model, sigma) => {
    const diagonal = new Float32Array(model.A.length);
    model.order.forEach((axis, i) => {
      diagonal[axis] = Math.sign(model.A[axis]) * sigma[i];
    });
    return (z) => scaled(diagonal, z);
  };
  const clip = (model, A) => (z) => A(z.map((v, k) => Math.min(model.std[k], Math.max(-model.std[k], v))));

  const latent = async (model) => {
    const z = await pictures.latent(current, model);
    return noise() ? plus(z, times(noise(), lab.flow.white(0, model.size))) : z;
  };
  const seen = async (model) =>
    noise() ? (await model.decode([await latent(model)]))[0] : pictures.picture(current, model);

  const ingredients = async () => {
    const model = await lab.model(name());
    const z = await latent(model);
    const [before] = await model.decode([scaled(model.A, z)]);
    const input = noise() ? filled(words().noisy, { noise: general(noise(), 2) }) : lab.told.words.lab.input;
    const vectors = {
      along: [along(model, z)],
      values: [trained(model)],
      x: [await seen(model)],
      before: [before],
    };
    const { still, moved } = words();
    const told = { titles: [input, words().before, words().now], still, moved };
    return { ...model.given, shape: model.shape, vectors, words: told, picture: current.slice(0, 24) };
  };

  const stage = async (broken) => {
    const given = await ingredients();
    const model = await lab.model(name());
    const tick = lab.ticks.spectrum(given, { handles: handles() });
    if (!tick) return {};
    const { stage: value } = await tick((program, rows) => model[program](rows));
    return {
      stage: broken ? await wrong(value, model) : value,
      formula: formula(model, given.vectors.along[0]),
    };
  };

  const formula = (model, c) => {
    const i = handles().selected;
    const sigma = values(model);
    const part = c[i] < 0 ? `(${shown(c[i])})` : shown(c[i]);
    const rank = sigma.reduce((count, v) => count + (v > 0), 0);
    const holes = { i: subscript(i + 1), sigma: general(sigma[i], 3), along: part, rank };
    return filled(words().formula, holes);
  };

  // Broken: f of clipped latents in the place of f(x), and how it differs beside it.
  const wrong = async (value, model) => {
    const A = clip(model, operator(model, values(model)));
    const [found] = await model.decode([A(await latent(model))]);
    const [x, before, now] = [0, 1, 2].map((k) => pictures.ofTiles(value.pictures, k).x);
    const gap = difference(found, now);
    const titles = [...value.captions.slice(0, 2), words().clipped, gap.caption];
    const notes = ["", "", "", gap.note];
    const made = lab.ticks.tiles(model.shape, [x, before, found, gap.shown], titles, notes, value.ids);
    return { ...made, hues: ["", "", "bad", "bad"], columns: 4 };
  };

  // --- the directions -----------------------------------------------------------------------------------
  const axis = (model, i, size = 1) => {
    const found = new Float32Array(model.size);
    found[model.order[i]] = size;
    return found;
  };
  const rows = lab.view.latest(async (isLast) => {
    const model = await lab.model(name());
    const i = handles().selected;
    const spread = model.std[model.order[i]];
    const row = await model.decode(WALK.map((c) => axis(model, i, c * spread)));
    const notes = WALK.map((c) => (c ? `${c > 0 ? "+" : "−"}${general(Math.abs(c))} sd` : "0"));
    const ids = WALK.map(() => `v${i + 1}`);
    if (isLast()) page.set(`${SLUG}-inputs`, lab.ticks.tiles(model.shape, row, [], notes, ids));
  });

  const switched = (model, first) => {
    lab.view.show(SLUG, model);
    opened({});
    if (first) current = first;
    made.changed();
  };
  const opened = ({ x }) => {
    current = x ?? lab.told.examples[name()][0];
    lab.view.turned(SLUG, name());
  };

  lab.view.picks(SLUG, (id) => {
    current = id;
    made.changed();
  });
  page.on(`${SLUG}-model input`, () => switched(name()));
  page.on(`${SLUG}-handles pick`, rows);
  page.on(`${SLUG}-noise change`, () => made.changed());

  // --- laws ---------------------------------------------------------------------------------------------
  const laws = async (broken) => {
    const said = lab.told.words.lab;
    const model = await lab.model(name());
    const sigma = values(model);
    const i = handles().selected;
    const held = (A) => map(model, broken ? clip(model, A) : A);
    const f = held(operator(model, sigma));
    const first = held(operator(model, kept(sigma, TERMS)));
    const x = await seen(model);
    const y = pictures.picture(lab.told.examples[model.name][1], model);
    const c = 2 * model.std[model.order[i]];
    const [input, output] = await model.decode([axis(model, i, c), axis(model, i, c * sigma[i])]);
    const holes = { i: subscript(i + 1), c: shown(c), sigma: general(sigma[i], 3) };
    const [a, b] = WEIGHTS;
    return [
      [words().svd, filled(words().svd_formula, { terms: TERMS }), await svd(model, first, x, sigma)],
      [words().pair, filled(words().pair_formula, holes), relative([await f(input)], [output])],
      [
        said.linearity,
        filled(said.linear, { a: shown(a), b: shown(b) }),
        await linearity(model, f, [x, y], a, b),
      ],
    ];
  };

  // f(x) = ⊕ᵢ σᵢ ⟨x, vᵢ⟩ ⊙ uᵢ from points, and these orthonormal.
  const svd = async (model, f, x, sigma) => {
    const ends = Array.from({ length: TERMS }, (_, k) => axis(model, k));
    const V = await model.encode(await model.decode(ends));
    const [z] = await model.encode([x]);
    const sum = lab.algebra.combined(
      V.map((v, k) => sigma[k] * dot(z, v)),
      V,
    );
    const gram = V.map((u) => Float32Array.from(V, (v) => dot(u, v)));
    const eye = V.map((_, k) => Float32Array.from(V, (__, j) => Number(j === k)));
    return Math.max(relative(await model.decode([sum]), [await f(x)]), relative(gram, eye));
  };

  const made = { opened, stage, ingredients, laws };
  lab.view(SLUG, made);
})();
