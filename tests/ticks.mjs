// Calls what assets/engine/ticks.js exports, in Node: `node ticks.mjs ENGINE`, with JSON lines on stdin,
// {"of": "numbers" or "words", "name": …, "given": […]}; answers with a JSON line each. For {"tick": view, "given":
// [ingredients, controls, seen]} it runs the tick with calls that are answered by their own input.
import fs from "node:fs";
import path from "node:path";
import readline from "node:readline";
import vm from "node:vm";

globalThis.lab = { bytes: (pictures) => Uint8ClampedArray.from(pictures.data) };
vm.runInThisContext(fs.readFileSync(path.join(process.argv[2], "ticks.js"), "utf8"));
const plain = (value) => JSON.parse(JSON.stringify(value, (_, v) => (ArrayBuffer.isView(v) ? [...v] : v)));

for await (const line of readline.createInterface({ input: process.stdin })) {
  const { of, name, tick, given } = JSON.parse(line);
  if (tick) {
    const [ingredients, ...others] = given;
    const floats = (rows) => rows.map((row) => Float32Array.from(row));
    const rows = Object.entries(ingredients.vectors).map(([key, value]) => [key, floats(value)]);
    const found = lab.ticks[tick]({ ...ingredients, vectors: Object.fromEntries(rows) }, ...others);
    const calls = [];
    const call = async (program, vectors) => {
      calls.push([program, vectors]);
      return vectors;
    };
    const answer = found ? await found(call) : found;
    console.log(JSON.stringify(plain({ answer: answer ?? null, calls })));
  } else console.log(JSON.stringify(plain(lab.ticks[of][name](...given))));
}
