// Runs an exported model in Node: `node parity.mjs ENGINE MODEL simd|plain PROGRAM IN OUT`. ENGINE is
// assets/engine, MODEL a folder that `export --to web` wrote, IN and OUT are files of float32 vectors.
import fs from "node:fs";
import path from "node:path";
import vm from "node:vm";

const [engine, model, kind, program, given, answer] = process.argv.slice(2);
globalThis.lab = {};
for (const name of ["plain.js", "evaluate.js"]) vm.runInThisContext(fs.readFileSync(path.join(engine, name), "utf8"));

const buffer = (file) => new Uint8Array(fs.readFileSync(file)).buffer;
const manifest = JSON.parse(fs.readFileSync(path.join(model, "model.json"), "utf8"));
const wasm = kind === "simd" ? buffer(path.join(engine, "kernel.wasm")) : null;
const found = await lab.evaluator(manifest, buffer(path.join(model, "weights.bin")), wasm);
if (found.kind !== kind) throw new Error(`asked for ${kind}, this Node runs ${found.kind}`);

const vectors = new Float32Array(buffer(given));
const { takes, gives } = manifest.programs[program];
const results = new Float32Array((vectors.length / takes) * gives);
const times = [];
for (let k = 0; k * takes < vectors.length; k++) {
  const began = performance.now();
  results.set(found.run(program, vectors.subarray(k * takes, (k + 1) * takes)), k * gives);
  times.push(performance.now() - began);
}
fs.writeFileSync(answer, new Uint8Array(results.buffer));
times.sort((a, b) => a - b);
console.log(JSON.stringify({ p50: times[times.length >> 1], p95: times[Math.floor(0.95 * (times.length - 1))] }));
