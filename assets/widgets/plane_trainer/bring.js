// What comes from files and goes into them: points as CSV, planes that were saved.
const LARGEST = 2e6; // bytes of what is chosen
const PLANES = ".json,.safetensors,.zip";
const TABLES = ".csv,.tsv,.txt";

function save(name, content) {
  const link = document.createElement("a");
  const url = URL.createObjectURL(new Blob([content]));
  link.href = url;
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(url), 1000);
}

// One point a line, as `Load points` reads it.
function csv({ xy, labelled }) {
  const rows = labelled.map((label, i) => `${[xy[2 * i], xy[2 * i + 1]].map((v) => v.toFixed(4))},${label}`);
  return ["x,y,label", ...rows, ""].join("\n");
}

const inBase64 = async (file) => {
  const bytes = new Uint8Array(await file.arrayBuffer());
  return btoa(Array.from(bytes, (b) => String.fromCharCode(b)).join(""));
};

function choose(accept) {
  const input = Object.assign(document.createElement("input"), { type: "file", accept, multiple: true });
  input.addEventListener("change", () => bring([...input.files]));
  input.click();
}

async function bring(chosen) {
  if (!chosen.length || running) return;
  if (chosen.reduce((sum, file) => sum + file.size, 0) > LARGEST) {
    $("text").textContent = own.words.large;
    return;
  }
  const files = {};
  for (const file of chosen) files[file.name] = await inBase64(file);
  running = token();
  last = null;
  $("text").textContent = "…";
  keys();
  trigger("bring", { run: running, files });
}

function tables() {
  const held = cloudOf().labelled.length;
  lab.keys($("tables"), [
    ...(chosen === "own" ? [[own.words.csv_in, null, () => choose(TABLES)]] : []),
    ...(held ? [[own.words.csv_out, null, () => save(`${chosen}.csv`, csv(cloudOf()))]] : []),
  ]);
}
