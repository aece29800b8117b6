// Runs the programs of an exported model (linearizer_core/exporting/web.py): one memory holds the
// weights, the indices and the work; a program is a list of calls of kernels on addresses in it.
(() => {
  // float16 as float32: most are found by moving bits, the rest (zeros, subnormals) by a product.
  const widened = (halves) => {
    const bits = new Uint32Array(halves.length);
    for (let k = 0; k < halves.length; k++) {
      const h = halves[k];
      bits[k] = ((h & 0x8000) << 16) | ((h & 0x7fff) << 13);
    }
    const found = new Float32Array(bits.buffer);
    const factor = 2 ** 112; // exponents count from 15 there and from 127 here
    for (let k = 0; k < found.length; k++) found[k] *= factor;
    return found;
  };

  // Whether this place can run `wasm`, the bytes of kernel.wasm: its SIMD is what may be missing.
  const canRun = (wasm) => Boolean(wasm) && typeof WebAssembly === "object" && WebAssembly.validate(wasm);

  // A model ready to run: `manifest` is model.json, `content` an ArrayBuffer with weights.bin, `wasm` the
  // bytes of kernel.wasm or null for plain JavaScript. Gives {kind, shape, programs, run(name, vector)};
  // Error for what it cannot read.
  const evaluator = async (manifest, content, wasm) => {
    if (manifest.format !== 1) throw new Error(`This engine reads format 1, got ${manifest.format}.`);
    const { indices, weights } = manifest;
    const wide = manifest.type === "float32";
    if (content.byteLength !== 4 * indices + (wide ? 4 : 2) * weights)
      throw new Error(`${content.byteLength} bytes are not the weights of this model.`);
    const work = Math.max(...Object.values(manifest.programs).map((program) => program.size));
    const kind = canRun(wasm) ? "simd" : "plain";

    let base = 0; // in numbers of four bytes
    let memory = null;
    let kernels = null;
    if (kind === "simd") {
      const { instance } = await WebAssembly.instantiate(wasm);
      kernels = instance.exports;
      base = Math.ceil(kernels.__heap_base.value / 16) * 4;
      const missing = 4 * (base + weights + indices + work + 8) - kernels.memory.buffer.byteLength;
      if (missing > 0) kernels.memory.grow(Math.ceil(missing / 65536));
      memory = kernels.memory.buffer;
    } else {
      memory = new ArrayBuffer(4 * (weights + indices + work + 8));
      kernels = lab.plainKernels(new Float32Array(memory), new Int32Array(memory));
    }
    const numbers = new Float32Array(memory);
    const places = { c: base, i: base + weights, w: base + weights + indices };
    const values = content.slice(4 * indices);
    numbers.set(wide ? new Float32Array(values) : widened(new Uint16Array(values)), places.c);
    new Int32Array(memory).set(new Int32Array(content.slice(0, 4 * indices)), places.i);

    const unit = kind === "simd" ? 4 : 1; // addresses count bytes there and numbers here
    const ready = {};
    for (const [name, program] of Object.entries(manifest.programs)) {
      const calls = program.calls.map(([kernel, ...given]) => {
        const letters = manifest.kernels[kernel];
        return [
          kernels[kernel],
          given.map((value, k) => (letters[k] === "n" ? value : unit * (places[letters[k]] + value))),
        ];
      });
      ready[name] = { ...program, calls };
    }

    // The program of that name for one vector; Float32Array.
    const run = (name, vector) => {
      const program = ready[name];
      if (vector.length !== program.takes)
        throw new Error(`${name} takes ${program.takes} numbers, got ${vector.length}.`);
      numbers.set(vector, places.w + program.from);
      for (const [kernel, given] of program.calls) kernel(...given);
      const at = places.w + program.to;
      return numbers.slice(at, at + program.gives);
    };
    return { kind, shape: manifest.shape, programs: Object.keys(ready), run };
  };

  Object.assign(lab, { canRun, evaluator });
})();
