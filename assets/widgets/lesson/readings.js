// Numbers of an answer: read from the page as it stands, never from the lesson.
const NUMBER = /[−-]?\d+(?:\.\d+)?(?:·10[⁻⁰¹²³⁴⁵⁶⁷⁸⁹]+)?\s?%?/g;
const PATIENCE = 15000; // milliseconds; a link that no view writes so is never matched
let view = "";
let wanted = new URLSearchParams();
let since = 0;
let there = false;

const awaits = (query) => {
  wanted = new URLSearchParams(query);
  view = wanted.get("view");
  since = performance.now();
  there = false;
};
const sets = (query) => {
  awaits(query);
  lab.address.go(query);
};
// Whoever has gone on to another view, as a teacher to the cloud of the class, finds it as it always is.
const isHere = () => asked().get("view") === view;

// Whether the view stands where it was set to: once it has, a hand may move it on.
const arrives = (meter) => {
  const told = lab.address.linkOf(view);
  if (!told) return false;
  const broken = wanted.get("broken") === "1";
  if (broken !== Boolean(document.querySelector(`#${view}-break input`)?.checked)) return false;
  // The switch moves before the meter knows: until it has measured, it says what was.
  const measured = broken === (meter.dataset.state === "broken");
  const same = [...wanted].every(([name, value]) => name === "broken" || told.get(name) === value);
  return (same && measured) || performance.now() - since > PATIENCE;
};
const isMeasured = () => {
  const meter = document.querySelector(`#${view}-meter .meter`);
  if (!meter || meter.classList.contains("stale") || meter.dataset.state === "waiting") return false;
  there ||= arrives(meter);
  return there;
};

const lawOf = (name) => {
  for (const row of document.querySelectorAll(`#${view}-meter .law`))
    if ((row.dataset.law ?? row.querySelector(".name").textContent) === name)
      return row.querySelector("output").textContent;
};
const saidBy = (node, key) => {
  try {
    return JSON.parse(node.dataset.state).said?.[key];
  } catch {
    return undefined;
  }
};
const textOf = (node) => {
  const copy = node.cloneNode(true);
  // No style, and not the seconds that Gradio counts while a part is computed.
  for (const other of copy.querySelectorAll("style, script, [data-testid='status-tracker']")) other.remove();
  return copy.textContent;
};
const partOf = ({ at: id, number, note, said }) => {
  const node = document.getElementById(id);
  if (!node) return undefined;
  if (note) return node.querySelectorAll("small")[note - 1]?.textContent;
  if (said) return saidBy(node.dataset.state ? node : (node.querySelector("[data-state]") ?? node), said);
  return textOf(node).match(NUMBER)?.[number - 1]?.trim();
};
const read = (reading) => {
  if (reading.miss) return guess()?.miss?.toFixed(2);
  if (!isMeasured()) return undefined;
  return reading.law ? lawOf(reading.law) : partOf(reading);
};
const readings = () =>
  Object.fromEntries(Object.entries(stop().readings).map(([name, reading]) => [name, read(reading)]));
