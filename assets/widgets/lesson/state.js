// What the files of the card share: its parts, the lesson, where it stands, and what has been guessed.
const $ = (selector) => element.querySelector(selector);
const card = $(".card");
const asked = () => new URLSearchParams(location.search);
const language = () => (asked().get("lang") || "en").slice(0, 2);

let lesson = null; // as app/lessons/files.py tells it
let at = 0; // the stop, counted from 0
let guesses = {}; // by stop: {choice} or {place, miss} or {drawn}
let marked = -1; // the choice that the arrow keys have reached

const stop = () => lesson.stops[at];
const guess = () => guesses[stop().id];
const isOpen = () => stop().question === "none" || Boolean(guess());

const fill = (text, values) => text.replace(/\{(\w+)\}/g, (_, key) => values[key] ?? own.words.measuring);
const write = (node, text) => {
  if (node.textContent !== text) node.textContent = text;
  node.hidden = !text;
};

// What a visitor has done stays in this browser, so that F5 and tomorrow go on here.
// A class begins anew, whoever has walked the lesson alone before.
const KEY = () => ["lab-lesson", lesson.name, (room ?? taught)?.code].filter(Boolean).join(":");
const keep = () => {
  try {
    localStorage.setItem(KEY(), JSON.stringify({ stop: stop().id, guesses }));
  } catch {
    at = Math.max(at, 0); // a browser that keeps nothing: the address still says which stop
  }
};
const recall = () => {
  try {
    const found = JSON.parse(localStorage.getItem(KEY()) || "{}");
    return { stop: String(found.stop ?? ""), guesses: Object(found.guesses) };
  } catch {
    return { stop: "", guesses: {} };
  }
};

// One request of this lesson to the server; an Error with the server's sentence where it refuses. A page
// without a server answers by itself.
const underway = new Set();
const send = (name, content) => {
  const request = sent(name, content).finally(() => underway.delete(request));
  underway.add(request);
  return request;
};
const answered = async () => {
  while (underway.size) {
    await Promise.allSettled([...underway]);
    await new Promise((done) => setTimeout(done)); // whoever waited for an answer may ask on
  }
};
const sent = async (name, content) => {
  if (lab.answered) return lab.answered(name, content, own.words);
  const reply = await fetch(lab.place(`lab-class/${name}`), {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify(content),
  }).catch(() => null);
  if (!reply) throw Object.assign(new Error(own.words.far), { far: true });
  const found = await reply.json().catch(() => ({ error: own.words.far }));
  const far = reply.status >= 500; // nothing was done: the same may be asked again
  if (!reply.ok) throw Object.assign(new Error(found.error || own.words.far), { far });
  return found;
};
