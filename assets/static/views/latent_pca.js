// Latent PCA without a server: the cloud that ships, measured beforehand; walks and laws are computed here.
(() => {
  const { difference, dot, filled, minus, norm, plus, ratio, relative, times } = lab.algebra;
  const { minus: shown, subscript } = lab.ticks.words;
  const { page, pictures } = lab;
  const SLUG = "latent_pca";
  const FARTHEST = 4;
  const STRIP = [-3, -2, -1, 0, 1, 2, 3];
  const NEAR = 8;
  let current = "";
  let cloud = null;

  const words = () => lab.told.words[SLUG];
  const value = (part) => page.value(`${SLUG}-${part}`);
  const component = () => value("component");

  const seen = async () => {
    cloud ??= lab.sections(await lab.carried("cloud"));
    return cloud;
  };
  const side = (found, name, size) => {
    const j = component() - 1;
    const direction = found[`${name}_components`].subarray(j * size, (j + 1) * size);
    const spread = found[`${name}_spread`][j];
    return { mean: found[`${name}_mean`], spread, step: times(spread, direction) };
  };

  // Where the walk starts and its step: latents, pixels.
  const legs = async (model) => {
    const found = await seen();
    const [latent, pixel] = ["latent", "pixel"].map((name) => side(found, name, model.size));
    if (value("start") !== "picture") return { latent, pixel, starts: [latent.mean, pixel.mean] };
    return {
      latent,
      pixel,
      starts: [await pictures.latent(current, model), pictures.picture(current, model)],
    };
  };

  const ingredients = async () => {
    const model = await lab.model("digits");
    const { latent, pixel, starts } = await legs(model);
    return {
      ...model.given,
      shape: model.shape,
      vectors: { starts: [starts[0]], latent: [latent.step], pixel: [starts[1], pixel.step] },
      spreads: [latent.spread, pixel.spread],
      component: component(),
      origin: value("start") === "picture" ? "x" : "mean",
      words: { titles: words().titles },
    };
  };

  // How "break it" walks: by averages of pixels from the start to either end of the straight walk.
  const strayed = async (model, { latent, starts }, at) => {
    const far = times(FARTHEST, latent.step);
    const [start, low, high] = await model.decode([starts[0], minus(starts[0], far), plus(starts[0], far)]);
    return at.map((t) => plus(start, times(Math.abs(t) / FARTHEST, minus(t > 0 ? high : low, start))));
  };
  const WAY = Array.from({ length: 17 }, (_, k) => (FARTHEST * (k - 8)) / 8);

  // Where pictures lie on the chart of latents.
  const placesOf = async (model, x) => {
    const { latent_mean: mean, latent_components: axes } = await seen();
    return (await model.encode(x)).map((z) => {
      const moved = minus(z, mean);
      return [0, 1, 2].map((j) => dot(moved, axes.subarray(j * model.size, (j + 1) * model.size)));
    });
  };

  // Tells the chart where the walk stands.
  const mark = () => {
    const [steps, picked] = [value("steps"), value("start") === "picture"];
    const detail = { id: `${SLUG}-scatter`, component: component() - 1, steps, picked };
    lab.walk = detail;
    document.dispatchEvent(new CustomEvent("lab:walk", { detail }));
  };

  const stage = async (broken) => {
    mark();
    const model = await lab.model("digits");
    const given = await ingredients();
    const steps = value("steps");
    const controls = { component: component(), steps };
    const { stage: straight } = await lab.ticks.latent_pca(
      given,
      controls,
    )((program, rows) => model[program](rows));
    const all = await legs(model);
    const strips = {};
    const rows = [await model.decode(STRIP.map((t) => plus(all.starts[0], times(t, all.latent.step))))];
    rows.push(STRIP.map((t) => plus(all.starts[1], times(t, all.pixel.step))));
    const notes = STRIP.map((c) => (c ? `${c > 0 ? "+" : "−"}${Math.abs(c)} sd` : "0"));
    ["induced", "pixel"].forEach((name, k) => {
      strips[`strip-${name}`] = lab.ticks.tiles(model.shape, rows[k], [], k ? notes : []);
    });
    if (!broken) return { stage: straight, ...strips };
    const [left, ...way] = await strayed(model, all, [steps, ...WAY]);
    const [cross, ...path] = await placesOf(model, [left, ...way]);
    const [induced, pixel] = [0, 1].map((k) => pictures.ofTiles(straight.pictures, k).x);
    const gap = difference(left, induced);
    const titles = [words().strayed, words().titles[1], gap.caption];
    const share = Math.abs(steps) / FARTHEST;
    const said = [`${(1 - share).toFixed(2)} start + ${share.toFixed(2)} end`, straight.notes[1], gap.note];
    const value_ = lab.ticks.tiles(model.shape, [left, pixel, gap.shown], titles, said);
    const at = [{ path, cross }, null];
    return { stage: { ...value_, hues: ["bad", "pixel", "bad"], columns: 3, at }, ...strips };
  };

  // --- the points ---------------------------------------------------------------------------------------
  // Thumbnails of the cloud's pictures lie on the chart's sheet, in rows.
  let sheet = null;
  const pointPicture = async (index) => {
    const { linked } = JSON.parse(value("scatter").text);
    const { tile, columns } = linked;
    sheet ??= await pictures.read(lab.place(linked.sheets[0]), false);
    const [, , width] = sheet.shape;
    const x = new Float32Array(tile * tile);
    const [row, column] = [Math.floor(index / columns), index % columns];
    for (let y = 0; y < tile; y++)
      x.set(
        sheet.x.subarray(
          (row * tile + y) * width + column * tile,
          (row * tile + y) * width + (column + 1) * tile,
        ),
        y * tile,
      );
    return { x, shape: [1, tile, tile] };
  };

  const choose = (reference) => {
    current = reference;
    page.set(`${SLUG}-start`, "picture");
    made.changed();
  };
  page.on(`${SLUG}-scatter pick`, async ({ index }) => {
    const { head } = await seen();
    const reference = head.references[index];
    pictures.add(reference, await pointPicture(index));
    choose(reference);
  });
  page.on(`${SLUG}-component change, ${SLUG}-start change`, () => made.changed());
  page.on(`${SLUG}-steps change`, mark);
  page.on(`${SLUG}-dimensions input`, () => {
    const found = lab.told.openings[`${SLUG} ${value("dimensions") === 3 ? 3 : ""}`];
    for (const [part, next] of found)
      if (["scatter", "verdict"].some((name) => part === page.of(`${SLUG}-${name}`)?.id))
        page.set(part, next);
    lab.view.touch(SLUG);
  });
  const opened = () => {
    [current] = lab.told.examples.digits;
    made.changed();
  };

  // --- when the hand rests ------------------------------------------------------------------------------
  const rests = async () => {
    const found = await seen();
    const model = await lab.model("digits");
    const z = await pictures.latent(current, model);
    const x = pictures.picture(current, model);
    const d = value("dimensions");
    for (const [part, name, at] of [
      ["near-induced", "latent", z],
      ["near-pixel", "pixel", x],
    ]) {
      const moved = minus(at, found[`${name}_mean`]);
      const place = Array.from({ length: d }, (_, j) =>
        dot(moved, found[`${name}_components`].subarray(j * model.size, (j + 1) * model.size)),
      );
      const places = found[`${name}_coordinates`];
      const away = found.head.references.map((reference, i) => [
        reference === current ? Infinity : Math.hypot(...place.map((v, j) => v - places[3 * i + j])),
        i,
      ]);
      const nearest = away.sort(([a], [b]) => a - b).slice(0, NEAR);
      const shownOnes = [x];
      for (const [, i] of nearest) shownOnes.push((await pointPicture(i)).x);
      const notes = ["x", ...nearest.map(([, i]) => String(found.labels[i]))];
      const tiles = lab.ticks.tiles([1, 32, 32], shownOnes.map(grown), [], notes, ["x"]);
      page.set(`${SLUG}-${part}`, tiles);
    }
  };
  // A thumbnail as large as a picture.
  const grown = (x) => {
    const side = Math.sqrt(x.length);
    if (side === 32) return x;
    return Float32Array.from({ length: 1024 }, (_, p) => {
      const at = (k) => Math.min(side - 1, Math.floor((k * side) / 32));
      return x[at(Math.floor(p / 32)) * side + at(p % 32)];
    });
  };

  const laws = async (broken) => {
    const model = await lab.model("digits");
    const found = await seen();
    const part = (j) => found.latent_components.subarray(j * model.size, (j + 1) * model.size);
    const onto = await model.decode([part(0), part(1)]);
    const basis = await model.encode(onto);
    const x = pictures.picture(current, model);
    const y = pictures.picture(lab.told.examples.digits[1], model);
    const [worst, error] = await projection(model, x, y, onto, basis, broken);
    const gram = basis.map((u) => Float32Array.from(basis, (v) => dot(u, v)));
    const all = await legs(model);
    const t = value("steps") || 1;
    const wanted = times(t, all.latent.step);
    const [end] = broken ? await strayed(model, all, [t]) : await model.decode([plus(all.starts[0], wanted)]);
    const [start] = await model.encode(await model.decode([all.starts[0]]));
    const [reached] = await model.encode([end]);
    const walk = { component: subscript(component()), steps: shown(t) };
    return [
      [lab.told.words.lab.projection, filled(words().projection_formula, { worst }), error],
      [
        words().orthonormal,
        words().orthonormal_formula,
        relative(gram, [Float32Array.of(1, 0), Float32Array.of(0, 1)]),
      ],
      [words().walk, filled(words().walk_formula, walk), relative([minus(reached, start)], [wanted])],
    ];
  };

  // By latents; broken, by pixels: the one that both axes of pixels span.
  const projection = async (model, x, y, onto, basis, broken) => {
    const rows = broken ? onto : basis;
    const [p, q, r] = [dot(rows[0], rows[0]), dot(rows[0], rows[1]), dot(rows[1], rows[1])];
    const flat = (z) => {
      const [a, b] = [dot(z, rows[0]), dot(z, rows[1])];
      const det = p * r - q * q;
      return plus(times((r * a - q * b) / det, rows[0]), times((p * b - q * a) / det, rows[1]));
    };
    const P = async (point) =>
      broken ? flat(point) : (await model.decode([flat((await model.encode([point]))[0])]))[0];
    const px = await P(x);
    const py = await P(y);
    const [zx, zy, zp, zq] = await model.encode([x, y, px, py]);
    const rest = minus(zx, zp);
    const errors = {
      "P P = P": relative([await P(px)], [px]),
      "Pᵀ = P": ratio(Math.abs(dot(zp, zy) - dot(zx, zq)), norm(zx) * norm(zy)),
      nearest: Math.max(...basis.map((b) => Math.abs(dot(rest, b)) / norm(b))) / norm(zx),
    };
    return Object.entries(errors).reduce((worst, one) => (one[1] > worst[1] ? one : worst));
  };

  const made = { opened, stage, ingredients, laws, rests };
  lab.view(SLUG, made);
})();
