// The engine's worker: fetches a model once, keeps it under its hash in the browser's cache, and answers with
// pictures. `lab.kernel` holds the bytes of kernel.wasm.
//
// in:  {id, load: {name, manifest, weights}}            addresses; out: {id, progress} …, then {id, kind}
//      {id, load: {name, content}}                      the model itself, as a page without a server has it
//      {id, run: {name, program, vectors}}              out: {id, results, milliseconds}
// and {id, failed: "what is wrong"} instead. `vectors` and `results` are lists of Float32Array.
(() => {
  const CACHE = "lab-engine-1";
  const models = new Map();

  const kept = async (address) => {
    try {
      return await (await caches.open(CACHE)).match(address);
    } catch {
      return undefined; // no cache in private windows, and on pages without https
    }
  };

  // Others of the same kind are older weights of ours: nobody will ask for them again.
  const keep = async (address, content) => {
    try {
      const cache = await caches.open(CACHE);
      await cache.put(address, new Response(content));
    } catch {
      // a full disk, or no cache: the browser's own may have it
    }
  };

  const download = async (address, tell) => {
    const answer = await fetch(address);
    if (!answer.ok) throw new Error(`HTTP ${answer.status} for ${address}`);
    const total = Number(answer.headers.get("x-length")) || Number(answer.headers.get("content-length")) || 0;
    const parts = [];
    let got = 0;
    const reader = answer.body.getReader();
    for (;;) {
      const { done, value } = await reader.read();
      if (done) break;
      parts.push(value);
      got += value.length;
      tell(total ? got / total : 0);
    }
    return new Blob(parts).arrayBuffer();
  };

  const fetched = async (address, tell) => {
    const found = await kept(address);
    if (found) return found.arrayBuffer();
    const content = await download(address, tell);
    await keep(address, content.slice(0));
    return content;
  };

  const load = async ({ name, manifest, weights, content: given }, tell) => {
    if (!models.has(name) && given)
      models.set(name, lab.evaluator(given.manifest, lab.grown(given), lab.kernel));
    if (!models.has(name)) {
      const said = fetched(manifest, () => {}).then((content) =>
        JSON.parse(new TextDecoder().decode(content)),
      );
      const loaded = Promise.all([said, fetched(weights, tell)]).then(([found, content]) =>
        lab.evaluator(found, content, lab.kernel),
      );
      models.set(name, loaded);
      loaded.catch(() => models.delete(name)); // the next one may try again
    }
    return { kind: (await models.get(name)).kind };
  };

  const run = async ({ name, program, vectors }) => {
    const model = await models.get(name);
    const began = performance.now();
    const results = vectors.map((vector) => model.run(program, vector));
    return { results, milliseconds: performance.now() - began };
  };

  self.onmessage = async ({ data }) => {
    try {
      const tell = (progress) => self.postMessage({ id: data.id, progress });
      const found = data.load ? await load(data.load, tell) : await run(data.run);
      self.postMessage(
        { id: data.id, ...found },
        (found.results ?? []).map((result) => result.buffer),
      );
    } catch (error) {
      self.postMessage({ id: data.id, failed: String(error?.message ?? error) });
    }
  };
})();
