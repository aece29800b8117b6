// The card of a lesson: opened by the address or by a button, walked by → alone.
const start = async (name, number) => {
  card.hidden = false;
  try {
    lesson = await send("lesson", { name, language: language() });
  } catch (error) {
    lesson = null;
    write($(".lost"), fill(own.words.lost, { why: error.message }));
    return arrange();
  }
  for (const name of ["h2", ".says", ".ask", ".choices", ".answer"]) $(name).lang = lesson.language;
  const before = recall();
  guesses = before.guesses;
  const known = lesson.stops.findIndex((each) => each.id === before.stop);
  lab.address.page("lesson", name);
  go(number === undefined ? Math.max(0, known) : number);
};

const again = () => {
  guesses = {};
  go(0);
};

const DO = {
  again,
  close,
  clear: wipe,
  back: () => go(at - 1),
  next: () => onward(),
};
element.addEventListener("click", (event) => {
  const wanted = event.target.closest?.("[data-do]")?.dataset.do;
  if (lesson || wanted === "close") DO[wanted]?.(); // a lesson that cannot be had can only be closed
});
write($("[data-do=again]"), own.words.again);
write($("[data-do=clear]"), own.words.clear);
write($(".notes summary"), own.words.notes);
$("[data-do=close]").setAttribute("aria-label", own.words.close);
$("[data-do=back]").setAttribute("aria-label", own.words.back);
card.setAttribute("aria-label", props.label);
pad.setAttribute("role", "img");
pad.setAttribute("aria-label", own.words.draw);

// Keys of the page, where no control of its own wants them.
const WANTS =
  "input, textarea, select, [contenteditable], [role=slider], [role=tab], [role=radio], .lab-program pre";
const key = (event) => {
  if (!element.isConnected) return document.removeEventListener("keydown", key);
  if (!lesson || card.hidden || event.ctrlKey || event.metaKey || event.altKey) return;
  if (event.target.closest?.(WANTS)) return;
  const picks = stop().question === "choice" && !isOpen();
  const places = stop().question === "place" && !isOpen();
  if (event.key === "ArrowRight") onward();
  else if (event.key === "ArrowLeft" && at > 0) go(at - 1);
  else if (picks && event.key === "ArrowDown") mark(marked + 1);
  else if (picks && event.key === "ArrowUp") mark(marked - 1);
  else if (picks && /^[1-5]$/.test(event.key)) choose(Number(event.key) - 1);
  else if (places && /^Arrow(Up|Down)$/.test(event.key)) {
    ring.focus({ preventScroll: true }); // from here on all four arrows are its own, and Enter guesses
    nudge(event.key);
  } else return;
  event.preventDefault();
};
document.addEventListener("keydown", key);

// Back and Forward go through the stops as through views.
window.addEventListener("popstate", () => {
  const number = Number(asked().get("stop")) - 1;
  if (!lesson || card.hidden || !(number >= 0) || number === at) return;
  at = Math.min(number, lesson.stops.length - 1);
  marked = -1;
  awaits(location.search);
  draw();
});

// What the teacher's dialog asks of the card.
lab.lesson = {
  start,
  send,
  answered,
  join: async (code) => start(await join(code)),
  name: () => (lesson && !card.hidden ? lesson.name : ""),
  teach: (opened) => {
    taught = opened;
    counts = null;
  },
  follow: (wanted, link) => {
    leads = wanted;
    lead(wanted, link);
  },
};
// Not before the page is open: what it opens with would come after the stop's own view, and stay.
const isOpened = () => document.documentElement.classList.contains("lab-open");
const opens = async () => {
  if (!isOpened()) return setTimeout(opens, 50);
  const code = asked().get("room");
  const joined = code ? await join(code).catch((error) => write($(".lost"), error.message)) : null;
  const name = asked().get("lesson") || joined;
  if (name) return start(name, asked().has("stop") ? Number(asked().get("stop")) - 1 || 0 : undefined);
  if (code) card.hidden = false;
};
opens();
// The page goes on measuring, and its parts come and go: what is read and what is held follows.
const beat = setInterval(() => (element.isConnected ? draw() : clearInterval(beat)), 250);
arrange();
