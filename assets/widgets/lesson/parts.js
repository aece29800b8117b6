// Parts of the page that are hidden, locked or covered: by the address for good, by a stop while it lasts.
// What is measured and what tells the address stay in the page: a part without a box is not measured.
const STAYS = ["meter", "link"];
const OUT =
  "position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); visibility: hidden;";
const sheet = document.createElement("style");
document.head.append(sheet);

const list = (name) => (asked().get(name) || "").split(",").filter((part) => own.parts[part]);
const rule = (names, style) =>
  names.map((name) => `:is(${own.parts[name]}) { ${style.replaceAll(";", " !important;")} }`).join("\n");

const arrange = () => {
  const presents = asked().has("present") && asked().get("present") !== "0";
  const walks = Boolean(lesson) && !card.hidden;
  const here = walks && isHere();
  const shown = here ? (stop().show ?? []) : [];
  const hidden = new Set([
    ...list("hide"),
    ...(presents ? own.present.filter((name) => !shown.includes(name)) : []),
    ...(here ? (stop().hide ?? []) : []),
  ]);
  const covered = here && !isOpen() ? (stop().cover ?? []) : [];
  const out = [...hidden].filter((name) => STAYS.includes(name));
  const gone = [...hidden].filter((name) => !STAYS.includes(name));
  const style = [
    rule(gone, "display: none;"),
    rule(out, OUT),
    gone.map(
      (name) => own.emptied[name] && `${own.emptied[name]} { ${OUT.replaceAll(";", " !important;")} }`,
    ),
    rule(covered, "filter: blur(14px); opacity: 0.35; pointer-events: none;"),
    rule(list("lock"), "opacity: 0.6;"),
  ]
    .flat()
    .filter(Boolean)
    .join("\n");
  if (sheet.textContent !== style) sheet.textContent = style;
  document.body.classList.toggle("lab-walks", walks);
  document.body.classList.toggle("lab-covered", here && stop().question === "place" && !isOpen());
  document.body.classList.toggle("lab-present", presents);
  card.classList.toggle("large", presents);
  document.documentElement.style.setProperty("--lab-zoom", presents ? Math.max(1, innerWidth / 960) : 1);
  hold(here && !isOpen() && stop().question !== "place" ? [document.querySelector("#views")] : []);
};

// A link of a teacher may say dark or light; full screen is for a hand to give.
const theme = asked().get("theme");
if (theme === "dark" || theme === "light") document.body.classList.toggle("dark", theme === "dark");
const fills = () => {
  if (!document.body.classList.contains("lab-present")) return;
  document.documentElement.requestFullscreen?.().catch(() => null); // refused: then in the window
};
document.addEventListener("click", fills, { once: true });

// What no hand and no key reaches: locked parts, and the view while its question is open.
let held = [];
const hold = (more) => {
  const wanted = list("lock").flatMap((name) => [...document.querySelectorAll(own.parts[name])]);
  const now = [...wanted, ...more].filter(Boolean);
  for (const node of held) if (!now.includes(node)) node.inert = false;
  for (const node of now) if (!node.inert) node.inert = true;
  held = now;
};
