// The engine in the page: a worker decodes what a drag asks for; what it cannot do is sent to the server.
//
// A view joins by its relay (assets/widgets/relay) and its stage (assets/widgets/pictures). Between two drags
// the server answers; then the engine asks for the ingredients of the view's ticks and loads its model. From
// there on a drag makes no request. `?engine=off` in the address, or the switch in the footer, turns it off.
(() => {
  const STORE = "lab-engine";
  const views = new Map();
  const loads = new Map(); // of models, by name: a promise
  const waiting = new Map(); // questions to the worker, by number
  let worker = null;
  let broken = false;
  let asked = 0;

  const stored = () => {
    try {
      return localStorage.getItem(STORE);
    } catch {
      return null; // a browser that keeps nothing
    }
  };
  const sparing = navigator.connection?.saveData && stored() !== "on"; // a model is some megabytes
  let on = !sparing && stored() !== "off" && new URLSearchParams(location.search).get("engine") !== "off";
  const able = () => on && !broken && typeof Worker === "function" && typeof WebAssembly === "object";

  const tell = (detail) => document.dispatchEvent(new CustomEvent("lab:engine", { detail }));

  // --- the worker ----------------------------------------------------------------------------------------
  const failed = (reason) => {
    broken = true;
    for (const { no } of waiting.values()) no(new Error(reason));
    waiting.clear();
    tell({ failed: reason });
  };

  const start = (address) => {
    worker = new Worker(lab.place(address));
    worker.onerror = (event) => failed(event.message || "its worker did not start");
    worker.onmessage = ({ data }) => {
      const question = waiting.get(data.id);
      if (!question) return;
      if ("progress" in data) return question.progress?.(data.progress);
      waiting.delete(data.id);
      if (data.failed) question.no(new Error(data.failed));
      else question.yes(data);
    };
  };

  const question = (message, progress) =>
    new Promise((yes, no) => {
      asked += 1;
      waiting.set(asked, { yes, no, progress });
      worker.postMessage({ id: asked, ...message });
    });

  const evaluate = async (name, program, vectors) =>
    (await question({ run: { name, program, vectors } })).results;

  const load = async ({ worker: address, model }) => {
    try {
      if (!worker) start(address);
    } catch (error) {
      failed(error.message); // a page that may have no workers
      throw error;
    }
    if (!loads.has(model.name)) {
      // where the model lies, or, on a page without a server, the model itself
      const places = model.content
        ? model
        : { ...model, manifest: lab.place(model.manifest), weights: lab.place(model.weights) };
      const loaded = question({ load: places }, (progress) => tell({ loading: model.name, progress }));
      loads.set(model.name, loaded);
      loaded.then(
        ({ kind }) => tell({ ready: model.name, kind }),
        (error) => failed(error.message),
      );
    }
    return loads.get(model.name);
  };

  // --- views ---------------------------------------------------------------------------------------------
  const unpacked = (given) => {
    const rows = Object.entries(given.vectors ?? {});
    const vectors = Object.fromEntries(rows.map(([name, row]) => [name, row.map(lab.ticks.numbers.floats)]));
    return { ...given, vectors };
  };

  // One tick at a time; what comes meanwhile waits, and of that only the last. Gives what `lab.ticks` does.
  const run = (slug) => {
    const view = views.get(slug);
    if (view.busy) {
      view.again = true;
      return true;
    }
    // what "break it" shows is the server's
    const tick = view.last.broken ? undefined : lab.ticks[slug](view.given, view.last, view.stage?.shown());
    if (tick) answer(slug, view, tick);
    return tick;
  };

  const answer = async (slug, view, tick) => {
    const { turn } = view;
    const { name } = view.given.model;
    const call = (program, vectors) => evaluate(name, program, vectors);
    const began = performance.now();
    view.busy = true;
    try {
      const { stage, html = {} } = await tick(call);
      if (turn === view.turn && able()) {
        view.stage?.show(stage);
        for (const [id, text] of Object.entries(html)) write(view, id, text);
        tell({ where: "browser", milliseconds: performance.now() - began });
      }
    } catch (error) {
      failed(error.message);
      view.ask();
    }
    view.busy = false;
    if (!view.again) return;
    view.again = false;
    if (view.last) moved(slug, view.last);
  };

  // Text that the server writes as HTML elsewhere: its first paragraph gets other parts. When the server is
  // asked again it stands there as it was, as the page changes only what differs from the last answer.
  const write = (view, id, parts) => {
    const node = document.querySelector(`#${id} p`);
    if (!node) return;
    if (!view.texts.has(id)) view.texts.set(id, node.innerHTML);
    node.replaceChildren(
      ...parts.flatMap(([tag, text]) => {
        if (!tag) return lab.typeset(text);
        const part = document.createElement(tag);
        part.textContent = text;
        return part;
      }),
    );
  };
  const restore = (view) => {
    for (const [id, text] of view.texts) {
      const node = document.querySelector(`#${id} p`);
      if (node) node.innerHTML = text; // our server's own, read from the page
    }
    view.texts.clear();
  };

  const join = (slug, stage, { ask, fetch }) => {
    const view = { turn: 0, given: null, last: null, texts: new Map() };
    views.set(slug, view);
    Object.defineProperty(view, "stage", { get: () => stages.get(stage) });
    view.id = stage;
    view.ask = () => {
      view.began = performance.now();
      restore(view);
      ask();
    };
    view.fetch = fetch;
    view.feed = async (given) => {
      // what was asked for before a change; or there is nothing for the engine here until the next one
      if (given?.turn !== view.turn || !given.model) return;
      view.fetching = false;
      if (!able()) return;
      view.turn += 1;
      const { turn } = view;
      view.given = unpacked(given);
      try {
        await load(given);
      } catch {
        return; // `failed` has said why
      }
      if (turn !== view.turn) return;
      view.ready = true;
      if (view.last) run(slug);
    };
    return view;
  };

  // A control was moved.
  const moved = (slug, values) => {
    const view = views.get(slug);
    if (!view) return;
    view.last = values;
    if (view.ready && able()) {
      const found = run(slug);
      if (found) return;
      view.given.missed = found === null; // the ingredients are for something else: ask for new ones
    }
    view.ask();
  };

  // What the ingredients were made of has changed; the server is answering it.
  const stale = (slug, values) => {
    const view = views.get(slug);
    if (!view) return;
    Object.assign(view, { turn: view.turn + 1, given: null, ready: false, fetching: false });
    if (view.last && values) view.last = values; // a law broken meanwhile is not drawn as one that holds
    view.began = performance.now();
    restore(view);
  };

  // The server has drawn on a stage: late, where the engine has drawn a later position meanwhile.
  const arrived = (stage) => {
    for (const [slug, view] of views) {
      if (view.id !== stage) continue;
      if (view.began)
        tell({ where: lab.told ? "browser" : "server", milliseconds: performance.now() - view.began });
      view.began = 0;
      view.texts.clear(); // what stands there is the server's again
      if (!able()) continue;
      const current = view.given && !view.given.missed;
      if (current && view.ready && view.last) run(slug);
      else if (!current && !view.fetching) {
        view.fetching = true;
        view.fetch();
      }
    }
  };

  // Ingredients that are asked for now are of use until the next turn.
  const turn = (slug) => views.get(slug).turn;

  // Whether a move of a view's control is answered here.
  const ready = (slug) => able() && views.get(slug)?.ready === true;

  // The stages by their id: {show(value), shown(), seen()}.
  const stages = new Map();

  const use = (wanted) => {
    on = wanted;
    try {
      localStorage.setItem(STORE, wanted ? "on" : "off");
    } catch {
      // kept for this page only
    }
    if (wanted && broken) {
      worker?.terminate();
      worker = null;
      loads.clear();
      for (const view of views.values()) Object.assign(view, { given: null, ready: false, busy: false });
      broken = false;
    }
    tell({ on: able() });
    for (const [slug, view] of views) // what is seen is computed once more, by the other route
      if (view.last && view.stage?.seen()) moved(slug, view.last);
  };

  lab.engine = { load, call: evaluate, join, moved, stale, arrived, stages, turn, use, able, ready };
})();
