// What all views share that are answered here: an opening, ticks, the proof meter. See assets/static/views.
(() => {
  const views = {};
  const { page } = lab;
  const touch = (slug) => document.dispatchEvent(new CustomEvent("lab:touch", { detail: slug }));

  // Only the last of what is asked for is answered to the end: `work(isLast)` may ask between two steps.
  const latest = (work) => {
    let turn = 0;
    return async (...given) => {
      turn += 1;
      const mine = turn;
      try {
        await work(() => mine === turn, ...given);
      } catch (error) {
        console.error(error);
      }
    };
  };

  // A view: {slug, model: name of its radio or "", changed(), opened(query), stage: answer → value,
  // ingredients() → what its ticks take, laws() → [name, formula, error] …, rests()}.
  const view = (slug, made) => {
    views[slug] = made;
    const id = (name) => `${slug}-${name}`;
    const broken = () => Boolean(page.value(id("break")));
    const settle = latest(async (isLast) => {
      const laws = await made.laws(broken());
      if (isLast()) page.set(id("meter"), lab.algebra.reading(laws));
      if (isLast() && made.rests) await made.rests(broken(), isLast);
    });
    page.on(`${id("meter")} settle`, settle);
    page.on(
      `${id("address")} restore`,
      latest((isLast) => open(slug, isLast)),
    );
    if (!made.stage) return;
    const answer = latest(async (isLast) => {
      const found = await made.stage(broken());
      if (isLast()) for (const [name, value] of Object.entries(found)) page.set(id(name), value);
    });
    made.changed = () => {
      lab.engine.stale(slug);
      answer();
      touch(slug);
    };
    page.on(`${id("break")} change, ${id("relay")} input`, answer);
    if (!made.ingredients) return; // its ticks are asked for like anything else
    page.on(`${id("relay")} submit`, async () => {
      const turn = lab.engine.turn(slug);
      const found = await made.ingredients();
      page.set(id("relay"), { ...found, turn });
    });
  };

  // What the app showed when the view was opened with that model, written down when the page was built.
  const show = (slug, model = "") => {
    const found = lab.told.openings[`${slug} ${model}`] ?? lab.told.openings[`${slug} `];
    for (const [part, value] of found) page.set(part, value);
  };

  // The link of a view says how it was opened, until something is moved: the page reads no other.
  const opening = new Set();
  const tell = (slug, query = {}) => {
    const said = new URLSearchParams({ view: slug, ...query });
    if (page.of(`${slug}-link`)) page.set(`${slug}-link`, { query: `?${said}`, note: "" });
  };
  document.addEventListener("lab:touch", ({ detail: slug }) => {
    if (!opening.has(slug)) tell(slug);
  });

  const open = async (slug, isLast = () => true) => {
    opening.add(slug);
    lab.address.restores(slug);
    const query = Object.fromEntries(new URLSearchParams(location.search));
    const asked = query.view === slug ? query : {};
    const model = lab.told.models.includes(asked.model) ? asked.model : "";
    const stop = lab.stopOf(slug, asked);
    show(slug, model);
    for (const [part, value] of stop?.differs ?? []) page.set(part, value);
    await views[slug]?.opened?.({ model, ...stop?.query });
    if (!isLast()) return;
    lab.address.restored(slug);
    lab.address.measures(slug); // nothing else on this page tells a link
    tell(slug, stop?.query);
    touch(slug);
    opening.delete(slug);
  };

  // A page of the gallery, in every view; that of faces when they are drawn.
  const fill = (source) => {
    const value = lab.told.pages[source];
    if (!value.pictures) return;
    for (const slug of lab.told.views) if (page.of(`${slug}-${source}`)) page.set(`${slug}-${source}`, value);
  };

  const opened = new Set();
  const begin = (slugs) => {
    for (const slug of slugs)
      page.on(`tab-${slug} select`, async () => {
        if (opened.has(slug)) return;
        opened.add(slug);
        lab.filling(slug);
        try {
          await open(slug);
        } finally {
          lab.filled(slug, slugs); // also a view that could not be filled takes a hand
        }
      });
    for (const source of Object.keys(lab.told.pages)) fill(source);
    lab.page.seen = (tab) => tab === "face" && lab.model("faces");
    const asked = new URLSearchParams(location.search).get("view");
    page.of("views").shows.selected(slugs.includes(asked) ? asked : slugs[0]);
  };

  // The tab of the picker with pictures of the model's kind comes to the front.
  const turned = (slug, model) =>
    page.of(`${slug}-picker`)?.shows.selected(model === "faces" ? "face" : "digits");

  // What is done with a picture that is picked from the view's gallery, by its reference.
  const picks = (slug, answer) =>
    lab.starts.push(() => {
      for (const source of Object.keys(lab.told.pages))
        page.on(`${slug}-${source} pick`, ({ id }) => answer(id));
    });

  lab.view = Object.assign(view, { show, open, begin, touch, latest, turned, picks, fill });
})();
