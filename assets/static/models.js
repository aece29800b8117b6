// Models and pictures of the page: what the app's modules of these names are on the server.
//
// `lab.model(name)` is a promise of {name, shape, size, encode(xs), decode(zs), recombine(cs), A, order, …}; a
// picture is a Float32Array (C, H, W) in [0, 1], a latent one (n).
(() => {
  const known = new Map();

  const load = async (name) => {
    const found = lab.sections(await lab.carried(`model-${name}`));
    const { head, indices, carried, ...arrays } = found;
    const content = { manifest: head.manifest, rules: head.rules, indices, carried };
    const given = { worker: lab.told.worker, model: { name, content } };
    await lab.engine.load(given);
    const run = (program) => (vectors) =>
      vectors.length ? lab.engine.call(name, program, vectors) : Promise.resolve([]);
    const programs = { encode: run("encode"), decode: run("decode"), recombine: run("recombine") };
    const sizes = { size: head.shape.reduce((a, b) => a * b) };
    const model = { name, given, ...head.facts, shape: head.shape, ...sizes, ...arrays, ...programs };
    if (name === "faces") await drawFaces(model);
    return model;
  };

  // The gallery's faces are what the model draws in one step from their seeds: app/pictures/references.faces.
  const drawFaces = async (model) => {
    const found = lab.told.pages.face;
    const B = lab.flow.product(model.variances, 100, "rk4");
    const entries = lab.told.grids.faces.entries.map((text) => text.split(";").slice(3).join(";"));
    const others = entries.filter((id) => id.startsWith("face:") && !found.ids.includes(id));
    const ids = [...found.ids, ...others];
    const z = ids.map((id) => {
      const noise = lab.flow.white(Number(id.split(":")[1]), model.size);
      return noise.map((v, k) => B[k] * (lab.told.face_spread * v + model.noise_means[k]));
    });
    const faces = (await model.decode(z)).map(levels);
    found.pictures = lab.ticks.tiles(model.shape, faces.slice(0, found.ids.length), []).pictures;
    ids.forEach((id, k) => add(id, { x: faces[k], shape: model.shape }));
    lab.view.fill("face");
  };

  lab.model = (name) => {
    if (!known.has(name)) known.set(name, load(name));
    return known.get(name);
  };

  // --- pictures ----------------------------------------------------------------------------------------
  const LUMINANCE = [0.299, 0.587, 0.114];
  const levels = (x) => x.map((v) => Math.round(255 * Math.min(1, Math.max(0, v))) / 255);

  const grey = (x, positions) => {
    const found = new Float32Array(positions);
    for (let c = 0; c < 3; c++)
      for (let p = 0; p < positions; p++) found[p] += LUMINANCE[c] * x[c * positions + p];
    return found;
  };

  const halved = (x, channels, side) => {
    const half = side / 2;
    const found = new Float32Array(channels * half * half);
    for (let c = 0; c < channels; c++)
      for (let y = 0; y < half; y++)
        for (let k = 0; k < half; k++) {
          const at = (c * side + 2 * y) * side + 2 * k;
          found[(c * half + y) * half + k] = (x[at] + x[at + 1] + x[at + side] + x[at + side + 1]) / 4;
        }
    return found;
  };

  // Straight lines between pixels, as torch's bilinear.
  const doubled = (x, channels, side) => {
    const big = 2 * side;
    const found = new Float32Array(channels * big * big);
    const near = Array.from({ length: big }, (_, i) => {
      const at = Math.max(0, (i + 0.5) / 2 - 0.5);
      const low = Math.floor(at);
      return [low, Math.min(side - 1, low + 1), at - low];
    });
    for (let c = 0; c < channels; c++)
      for (let y = 0; y < big; y++)
        for (let k = 0; k < big; k++) {
          const [y0, y1, fy] = near[y];
          const [x0, x1, fx] = near[k];
          const row = (r) => (1 - fx) * x[(c * side + r) * side + x0] + fx * x[(c * side + r) * side + x1];
          found[(c * big + y) * big + k] = (1 - fy) * row(y0) + fy * row(y1);
        }
    return found;
  };

  // A picture in the shape of a model: app/pictures/references.shaped.
  const shaped = ({ x, shape: [channels, side] }, [wanted, size]) => {
    let found = x;
    let count = channels;
    if (channels > wanted) {
      found = grey(found, side * side);
      count = 1;
    }
    if (side > size) found = halved(found, count, side);
    if (side < size) found = doubled(found, count, side);
    if (count < wanted) {
      const wide = new Float32Array(wanted * size * size);
      for (let c = 0; c < wanted; c++) wide.set(found, c * size * size);
      found = wide;
    }
    return levels(found);
  };

  // Picture `index` of what a widget shows, as {x, shape}.
  const ofTiles = ({ count, height, width, channels, ...held }, index) => {
    const bytes = lab.bytes(held);
    const size = bytes.length / count;
    const x = new Float32Array(size);
    const positions = height * width;
    for (let p = 0; p < positions; p++)
      for (let c = 0; c < channels; c++) x[c * positions + p] = bytes[index * size + p * channels + c] / 255;
    return { x, shape: [channels, height, width] };
  };

  const gallery = new Map(); // of all pages and what was painted, by reference

  const fillGallery = () => {
    if (gallery.size) return;
    for (const { ids, pictures } of Object.values(lab.told.pages))
      if (pictures) ids.forEach((id, k) => gallery.set(id, ofTiles(pictures, k)));
  };

  // The picture of that reference in the model's shape.
  const picture = (reference, model) => {
    fillGallery();
    return shaped(gallery.get(reference), model.shape);
  };

  const encoded = new Map();
  const latent = async (reference, model) => {
    const key = `${model.name} ${reference}`;
    if (!encoded.has(key)) encoded.set(key, model.encode([picture(reference, model)]));
    return (await encoded.get(key))[0];
  };

  const add = (reference, found) => {
    fillGallery();
    gallery.set(reference, found);
  };

  // What a widget's data address holds, grey or in colour.
  const read = async (address, colours) => {
    const image = new Image();
    image.src = address;
    await image.decode();
    const { naturalWidth: width, naturalHeight: height } = image;
    const canvas = Object.assign(document.createElement("canvas"), { width, height });
    const pen = canvas.getContext("2d", { willReadFrequently: true });
    pen.drawImage(image, 0, 0);
    const { data } = pen.getImageData(0, 0, width, height);
    const channels = colours ? 3 : 1;
    const x = new Float32Array(channels * width * height);
    for (let p = 0; p < width * height; p++)
      for (let c = 0; c < channels; c++) x[c * width * height + p] = data[4 * p + c] / 255;
    return { x, shape: [channels, height, width] };
  };

  const nameOf = (reference) => {
    for (const { ids, captions } of Object.values(lab.told.pages)) {
      const at = ids.indexOf(reference);
      if (at >= 0) return captions[at];
    }
    return "";
  };
  const modelFor = (reference, name) => {
    if (reference.startsWith("png:")) return name;
    return reference.startsWith("face:") ? "faces" : name === "faces" ? "digits" : name;
  };

  lab.pictures = { picture, latent, add, read, nameOf, modelFor, ofTiles };
})();
