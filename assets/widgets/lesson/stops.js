// Walking: a stop is shown, guessed at, opened; → does whatever comes next.
const choose = (index) => {
  if (isOpen() || stop().question !== "choice" || index >= stop().choices.length) return;
  answer({ choice: index });
};

const answer = (found) => {
  if (!found) return;
  guesses[stop().id] = found;
  keep();
  told(stop(), found);
  if (stop().then) sets(stop().then);
  draw();
  card.focus({ preventScroll: true });
  requestAnimationFrame(() => $(".answer").scrollIntoView({ block: "nearest" }));
};

const go = (index) => {
  at = Math.max(0, Math.min(lesson.stops.length - 1, index));
  marked = -1;
  lab.address.page("stop", at + 1);
  sets(guess() && stop().then ? stop().then : stop().link);
  ring.remove();
  counts = null;
  if (leads) lead(true);
  keep();
  draw();
  $(".told").scrollTop = 0;
  card.focus({ preventScroll: true });
};

// What → does: marks a choice, takes the marked one, places the point, and goes on once the answer is seen.
const onward = () => {
  if (!isOpen() && stop().question === "choice") {
    if (marked < 0) mark(0);
    else choose(marked);
  } else if (!isOpen() && stop().question === "place") answer(placed());
  else if (!isOpen() && inked) answer({ drawn: pad.toDataURL("image/png") });
  else if (at === lesson.stops.length - 1) close();
  else go(at + 1);
};

const mark = (index) => {
  marked = Math.max(0, Math.min(stop().choices.length - 1, index));
  draw();
};

const close = () => {
  card.hidden = true;
  ring.remove();
  for (const name of ["lesson", "stop"]) lab.address.page(name, null);
  arrange();
};

// --- what is seen
const choiceKeys = () => {
  const holder = $(".choices");
  const shown = stop().question === "choice" ? stop().choices : [];
  while (holder.children.length > shown.length) holder.lastChild.remove();
  while (holder.children.length < shown.length) {
    const button = document.createElement("button");
    button.type = "button";
    const index = holder.children.length;
    button.addEventListener("click", () => choose(index));
    holder.append(button);
  }
  [...holder.children].forEach((button, i) => {
    const mine = guess()?.choice === i;
    const right = isOpen() && stop().right === i + 1;
    write(button, `${i + 1}  ${shown[i]}`);
    button.className = [mine && "mine", right && "right", i === marked && !isOpen() && "marked"]
      .filter(Boolean)
      .join(" ");
    button.dataset.says = right ? own.words.right : mine ? own.words.yours : "";
    button.setAttribute("aria-pressed", String(mine));
    button.disabled = isOpen();
  });
};

const draw = () => {
  if (!lesson || card.hidden) return arrange();
  const { title, says, ask, question, answer: text, notes } = stop();
  write($("header strong"), lesson.title);
  write($(".count"), fill(own.words.count, { at: at + 1, of: lesson.stops.length }));
  $(".way i").style.width = `${(100 * (at + 1)) / lesson.stops.length}%`;
  write($("h2"), title);
  write($(".says"), says);
  $(".says").classList.toggle("answered", Boolean(guess()));
  const hint = isOpen() ? "" : question === "place" ? own.words.place : "";
  write($(".ask"), [ask, hint].filter(Boolean).join(" "));
  choiceKeys();
  $(".pad").hidden = question !== "draw" || isOpen();
  write($(".covered"), isOpen() ? "" : own.words.covered);
  write($(".answer"), isOpen() && text ? fill(text, readings()) : "");
  $(".notes").hidden = !notes || !(taught || asked().has("notes"));
  write($(".notes p"), notes || "");
  write($(".keys-say"), own.words.keys);
  const next = $("[data-do=next]");
  const ends = isOpen() && at === lesson.stops.length - 1;
  write(next, ends ? own.words.done : isOpen() ? `${own.words.next} →` : `${own.words.guess} →`);
  $("[data-do=back]").disabled = at === 0;
  bars();
  arrange();
  showRing();
  const settled = isOpen() && !Object.values(readings()).includes(undefined);
  card.dataset.state = `${lesson.name} ${at + 1} ${isOpen() ? (settled ? "shown" : "measuring") : "asked"}`;
};
