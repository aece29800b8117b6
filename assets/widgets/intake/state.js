// Intake: a visitor's pictures by any way, what was understood of them, and what is wrong with one, see
// app/widgets/intake.py. Here: parts of the page, and what all files of this widget share.
const root = element.querySelector(".intake");
const part = (selector) => root.querySelector(selector);
const key = (name) => part(`[data-do=${name}]`);
const drawing = part(".drawing");
const camera = part(".camera");
const understood = part(".understood");
const notice = part(".notice");
const file = part("input");

let last = null; // what was sent: {picture, drawing}

const say = (text) => {
  notice.textContent = text;
  if (text) notice.scrollIntoView({ block: "nearest" });
};

const busy = (on) => root.setAttribute("aria-busy", String(on));

// What the page itself sees is of no use: nothing stands beside the sentence.
const refuse = (text) => {
  busy(false);
  understood.hidden = true;
  root.dataset.taken = "";
  say(text);
};

const send = (picture, drawn, taken = "") => {
  last = { picture, drawing: drawn };
  say("");
  busy(true);
  trigger("drawn", { ...last, taken });
};

const toggle = (panel, name, open) => {
  panel.hidden = !open;
  key(name).setAttribute("aria-expanded", String(open));
};
