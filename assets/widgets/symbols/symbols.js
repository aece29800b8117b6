// Symbols: a key for each; it, or the same sign in a formula of the page, opens the card of what it means.
const FORMULAS = ".lab-formula, .lab-path, .formula, [id$='-formula'], .lab-foot";
const card = element.querySelector(".card");
const [sign, title] = card.querySelectorAll("header > *");
const drawing = card.querySelector("svg");
const link = card.querySelector("a");
element.querySelector(".symbols > span").textContent = own.title;

const open = (symbol, x, y) => {
  sign.textContent = symbol.key;
  title.textContent = symbol.title;
  card.setAttribute("aria-label", symbol.title);
  drawing.replaceChildren(
    ...symbol.draws.map(([kind, way]) => {
      const path = document.createElementNS("http://www.w3.org/2000/svg", "path");
      path.setAttribute("class", kind);
      path.setAttribute("d", way);
      return path;
    }),
  );
  card.querySelector(".equation").replaceChildren(...lab.typeset(symbol.equation));
  card.querySelector(".says").textContent = symbol.says;
  link.textContent = own.paper;
  link.href = own.address;
  card.querySelector(".paper span").textContent = symbol.section;
  card.showPopover();
  const { width, height } = card.getBoundingClientRect();
  const within = (at, size, room) => `${Math.max(12, Math.min(at, room - size - 12))}px`;
  card.style.left = within(x - width / 2, width, window.innerWidth);
  card.style.top = within(y - height - 14 > 12 ? y - height - 14 : y + 22, height, window.innerHeight);
};

lab.keys(
  element.querySelector(".keys"),
  own.cards.map((symbol) => [
    symbol.key,
    null,
    (event) => {
      const box = event.currentTarget.getBoundingClientRect();
      open(symbol, box.left + box.width / 2, box.top);
    },
  ]),
);

// The character that lies under a point of the page.
const letterAt = (x, y) => {
  const place = document.caretPositionFromPoint?.(x, y) ?? null;
  const range = place ? null : document.caretRangeFromPoint?.(x, y);
  const [node, offset] = place
    ? [place.offsetNode, place.offset]
    : [range?.startContainer, range?.startOffset];
  if (node?.nodeType !== Node.TEXT_NODE) return "";
  for (const i of [offset - 1, offset]) {
    if (i < 0 || i >= node.length) continue;
    const letter = document.createRange();
    letter.setStart(node, i);
    letter.setEnd(node, i + 1);
    const box = letter.getBoundingClientRect();
    if (x >= box.left && x <= box.right && y >= box.top && y <= box.bottom) return node.data[i];
  }
  return "";
};

const asked = (event) => {
  if (!element.isConnected) return document.removeEventListener("click", asked);
  if (!event.target.closest?.(FORMULAS)) return;
  const letter = letterAt(event.clientX, event.clientY);
  const symbol = letter && own.cards.find((each) => each.signs.includes(letter));
  if (symbol) open(symbol, event.clientX, event.clientY);
};
document.addEventListener("click", asked);
