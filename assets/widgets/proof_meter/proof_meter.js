// Proof meter: one bar for each law; asks for a measurement when the page has been quiet for a moment.
const meter = element.querySelector(".meter");
const verdict = element.querySelector(".verdict");
const laws = element.querySelector(".laws");
meter.setAttribute("aria-label", props.label || "");
element.querySelector("details").open = matchMedia("(min-width: 641px) and (min-height: 560px)").matches;

const row = (law) => {
  const line = document.createElement("div");
  line.className = `law ${law.holds ? "holds" : "broken"}`;
  const name = document.createElement("span");
  const formula = document.createElement("span");
  const bar = document.createElement("span");
  const fill = document.createElement("i");
  const value = document.createElement("output");
  name.className = "name";
  line.dataset.law = law.name;
  name.textContent = law.name;
  formula.className = "formula";
  formula.append(...lab.typeset(law.formula));
  formula.title = law.formula;
  bar.className = "bar";
  bar.append(fill);
  const place = (Math.log10(Math.max(law.error, 1e-8)) + 8) / 8;
  fill.style.width = `${100 * Math.min(1, Math.max(0.02, place))}%`;
  value.textContent = law.text;
  line.append(name, formula, bar, value);
  return line;
};

const draw = () => {
  const value = props.value || { laws: [], verdict: "" };
  const holds = value.laws.length > 0 && value.laws.every((law) => law.holds);
  const broken = value.laws.find((law) => !law.holds);
  verdict.textContent = broken ? own.broken.replace("{law}", lab.say(broken.name)) : value.verdict;
  meter.dataset.state = value.laws.length === 0 ? "waiting" : holds ? "holds" : "broken";
  laws.replaceChildren(...value.laws.map(row));
  meter.classList.remove("stale");
};

let timer = 0;
const touched = (event) => {
  if (!element.isConnected) return document.removeEventListener("lab:touch", touched);
  if (event.detail !== own.slug) return;
  meter.classList.add("stale");
  clearTimeout(timer);
  // a hidden view waits until it is shown
  timer = setTimeout(() => element.offsetParent && trigger("settle"), 250);
};
document.addEventListener("lab:touch", touched);

draw();
watch("value", draw);
