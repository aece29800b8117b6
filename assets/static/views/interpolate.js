// Interpolate without a server: what app/views/interpolate does, by the engine.
(() => {
  const { axioms, difference, filled, linearity, map, plus, relative, roundTrip, times } = lab.algebra;
  const { minus: shown, general } = lab.ticks.words;
  const { page, pictures } = lab;
  const SLUG = "interpolate";
  const PLACES = 4;
  const FRAMES = { digits: 33, faces: 17 };
  let references = [];
  let active = 0;

  const words = () => lab.told.words[SLUG];
  const name = () => page.value(`${SLUG}-model`);
  const weights = () => references.map((_, i) => page.value(`${SLUG}-w${i + 1}`));
  const years = () => (name() === "faces" ? page.value(`${SLUG}-years`) : 0);
  const average = async (x, y) => plus(times(0.5, x), times(0.5, y));

  const ingredients = async () => {
    const model = await lab.model(name());
    const latents = await Promise.all(references.map((each) => pictures.latent(each, model)));
    const vectors = { latents, pixels: references.map((each) => pictures.picture(each, model)) };
    const found = { ...model.given, shape: model.shape, vectors, words: words() };
    if (!model.older) return found;
    vectors.older = [model.older];
    const read = (z) => lab.algebra.dot(z, model.age_weights);
    return { ...found, age: { of: latents.map(read), year: read(model.older), offset: model.age_offset } };
  };

  const stage = async (broken) => {
    const given = await ingredients();
    const model = await lab.model(name());
    const controls = { weights: weights(), years: years() };
    const { stage: value } = await lab.ticks.interpolate(
      given,
      controls,
    )((program, rows) => model[program](rows));
    return { stage: broken ? wrong(value, model.shape) : value, sum: note() };
  };

  // Broken: the sum of pixels in the place of ⊕, and how it differs from that beside it.
  const wrong = ({ notes, pictures: held }, shape) => {
    const [right, plain] = [0, 1].map((k) => pictures.ofTiles(held, k).x);
    const gap = difference(right, plain);
    const { average: title, pixel } = words();
    const value = lab.ticks.tiles(
      shape,
      [plain, plain, gap.shown],
      [title, pixel, gap.caption],
      [notes[1], notes[1], gap.note],
    );
    return { ...value, hues: ["bad", "pixel", "bad"], columns: 3 };
  };

  const note = () => {
    const total = weights().reduce((sum, w) => sum + w, 0);
    if (Math.abs(total - 1) < 0.006) return "";
    return filled(total > 1 ? words().beyond : words().short, { total: shown(total) });
  };

  // --- the film -----------------------------------------------------------------------------------------
  const travelled = (rows) => {
    const found = [0];
    for (let i = 1; i < rows.length; i++)
      found.push(
        found[i - 1] + Math.sqrt(lab.algebra.minus(rows[i], rows[i - 1]).reduce((s, v) => s + v * v, 0)),
      );
    return found;
  };

  const film = lab.view.latest(async (isLast) => {
    const model = await lab.model(name());
    const broken = page.value(`${SLUG}-break`);
    const pair = references.slice(0, 2);
    const z = await Promise.all(pair.map((each) => pictures.latent(each, model)));
    const x = pair.map((each) => pictures.picture(each, model));
    const count = FRAMES[model.name];
    const line = ([from, to]) =>
      Array.from({ length: count }, (_, i) => {
        const t = i / (count - 1);
        return plus(times(1 - t, from), times(t, to));
      });
    const latents = line(z);
    const pixels = line(x);
    const seen = await model.encode(pixels);
    const induced = broken ? pixels : await model.decode(latents);
    if (!isLast()) return;
    const frames = lab.ticks.tiles(model.shape, [...induced, ...pixels], []).pictures;
    const plain = { induced: travelled(seen), pixel: travelled(pixels) };
    const straight = { induced: travelled(latents), pixel: travelled(induced) };
    page.set(`${SLUG}-film`, { frames, travelled: { induced: broken ? plain : straight, pixel: plain } });
  });

  // --- the places ---------------------------------------------------------------------------------------
  const place = async () => {
    const model = await lab.model(name());
    for (let i = 0; i < PLACES; i++) {
      const reference = references[i];
      const value = reference && {
        ...lab.ticks.tiles(
          model.shape,
          [pictures.picture(reference, model)],
          [pictures.nameOf(reference)],
          [],
          [reference],
        ),
        selected: i === active ? 0 : -1,
      };
      page.set(`${SLUG}-x${i + 1}`, value ?? null);
      const row = page.of(`${SLUG}-w${i + 1}`).node.closest(".row");
      row.hidden = !reference;
    }
  };
  const changed = async () => {
    await place();
    made.changed();
    film();
  };

  const give = (shares) => {
    for (let i = 0; i < PLACES; i++) page.set(`${SLUG}-w${i + 1}`, shares[i] ?? 0);
  };
  const equal = () => {
    const share = Math.floor(100 / references.length) / 100;
    give(
      references.map((_, i) => (i ? share : Math.round(100 * (1 - share * (references.length - 1))) / 100)),
    );
  };

  const switched = (model, first) => {
    lab.view.show(SLUG, model);
    opened({});
    if (first) references[0] = first;
    return changed();
  };

  const opened = ({ x }) => {
    active = 0;
    references = x?.split(",") ?? [...lab.told.examples[name()]];
  };

  lab.view.picks(SLUG, (id) => {
    const model = pictures.modelFor(id, name());
    if (model !== name()) return switched(model, id);
    references[active] = id;
    return changed();
  });
  page.on(`${SLUG}-model input`, () => switched(name()));
  for (let i = 0; i < PLACES; i++)
    page.on(`${SLUG}-x${i + 1} pick`, () => {
      active = i;
      place();
    });
  page.on(`${SLUG}-break change`, film);
  page.on(`${SLUG}-film use`, ({ t }) => {
    give([Math.round(100 * (1 - t)) / 100, Math.round(100 * t) / 100]);
    page.set(`${SLUG}-t`, Math.round(100 * t) / 100);
  });

  const BUTTONS = [
    () => {
      if (references.length === PLACES) return;
      references.push(words().spares[name()].find((each) => !references.slice(0, 3).includes(each)));
      active = references.length - 1;
      equal();
      changed();
    },
    () => {
      if (references.length === 2) return;
      references.splice(active, 1);
      active = Math.min(active, references.length - 1);
      equal();
      changed();
    },
    equal,
  ];
  lab.starts.push(() => words().buttons.forEach((text, k) => page.on(`${text} click`, BUTTONS[k])));

  // --- laws ---------------------------------------------------------------------------------------------
  const laws = async (broken) => {
    const said = lab.told.words.lab;
    const model = await lab.model(name());
    const x = references.map((each) => pictures.picture(each, model));
    const [a, b] = weights();
    const other = broken ? average : undefined;
    const [worst, error] = await axioms(model, [...x, x[0]].slice(0, 3), other);
    const f = map(model, (z) => lab.algebra.scaled(model.A, z));
    const found = [
      [said.round_trip, "g⁻¹(g(x)) = x", await roundTrip(model, x)],
      [said.space, filled(said.axioms, { worst }), error],
      [
        said.linearity,
        filled(said.linear, { a: shown(a), b: shown(b) }),
        await linearity(model, f, x.slice(0, 2), a, b, other),
      ],
    ];
    if (years()) found.push(await aged(model, broken));
    return found;
  };

  // Years are added to the blend as a picture, and its age is read before and after.
  const aged = async (model, broken) => {
    const latents = await Promise.all(references.map((each) => pictures.latent(each, model)));
    const [blend] = await model.decode([lab.algebra.combined(weights(), latents)]);
    const age = async (x) =>
      lab.algebra.dot((await model.encode([x]))[0], model.age_weights) + model.age_offset;
    const step = times(years(), model.older);
    const [z] = await model.encode([blend]);
    const [later, alone] = await model.decode([plus(z, step), step]);
    const reached = broken ? await average(blend, alone) : later;
    const error = relative([[await age(reached)]], [[(await age(blend)) + years()]]);
    const text = filled(words().years, { years: general(years()) })
      .replaceAll("-", "−")
      .replace("+ −", "− ");
    return [words().year, text, error];
  };

  const made = { opened, stage, ingredients, laws };
  lab.view(SLUG, made);
})();
