// A class: guesses go to its room, and what its teacher shows comes from there. What is not confirmed yet is
// kept in this browser and sent again.
const EVERY = 2000; // milliseconds between two questions to the room
let room = null; // {code, member}
let ended = false; // nobody would answer any more
let waiting = []; // requests that are not confirmed: [name, content]
let turn = -1;

const store = (key, value) => {
  try {
    localStorage.setItem(key, JSON.stringify(value));
  } catch {
    $(".lost").textContent = ""; // a browser that keeps nothing joins anew after F5
  }
};
const stored = (key) => {
  try {
    return JSON.parse(localStorage.getItem(key) || "null");
  } catch {
    return null;
  }
};

const join = async (text) => {
  const code = text.toUpperCase();
  const key = `lab-room:${code}`;
  room = stored(key) ?? (await send("join", { code }));
  ended = false;
  store(key, room);
  waiting = stored(`${key}:waiting`) ?? [];
  lab.address.page("room", code);
  return room.lesson;
};

const wait = () => store(`lab-room:${room.code}:waiting`, waiting);
const told = (stop, found) => {
  const { code, member } = room ?? {};
  if (!code || ended) return;
  const guess = found.place
    ? found.place.map((v) => v.toFixed(2)).join(",")
    : String((found.choice ?? -1) + 1);
  if (found.drawn) waiting.push(["draw", { code, member, picture: found.drawn }]);
  else waiting.push(["guess", { code, member, stop: stop.id, guess }]);
  wait();
  deliver();
};

let delivers = false;
const deliver = async () => {
  if (delivers || !room) return;
  delivers = true;
  while (waiting.length) {
    try {
      await send(...waiting[0]);
    } catch (error) {
      write($(".lost"), error.message);
      if (error.far) break;
    }
    waiting.shift();
    wait();
    if (!waiting.length) write($(".lost"), "");
  }
  delivers = false;
};

const follow = async () => {
  if (!room || ended || document.hidden) return;
  deliver();
  const { code, member } = room;
  const now = await send("follow", { code, member }).catch((error) => {
    if (error.far) return null;
    write($(".lost"), error.message);
    ended = true;
    return null;
  });
  if (!now || now.turn === turn) return;
  turn = now.turn;
  if (!now.leads || !lesson) return;
  if (now.stop && now.stop !== at + 1) go(now.stop - 1);
  else if (now.link && isOpen()) sets(now.link); // who has not guessed yet is shown nothing
};
const asks = setInterval(() => (element.isConnected ? follow() : clearInterval(asks)), EVERY);

// --- the teacher's side: the guesses of the class, as bars and as points
let taught = null; // {code, key} of the room that this page opened
let counts = null;
let leads = false; // whether the class follows
const count = async () => {
  if (!taught || !lesson || card.hidden || document.hidden) return;
  const asked = { ...taught, stop: stop().id };
  const found = await send("counts", asked).catch(() => null);
  if (!taught) return; // ended meanwhile
  if (found && asked.stop === stop().id) counts = found;
  if (leads) lead(true, isMeasured() ? viewNow() : "");
  document.dispatchEvent(new CustomEvent("lab:class", { detail: found }));
  draw();
};
const counting = setInterval(() => (element.isConnected ? count() : clearInterval(counting)), 1000);

// The view as it stands, for those who follow; one that no link carries stays here.
const viewNow = () => {
  const found = lab.address.linkOf(asked().get("view"));
  if (!found) return "";
  if (asked().get("broken") === "1") found.set("broken", "1");
  return `?${found}`.length < 4000 ? `?${found}` : "";
};
let led = "";
const lead = (leads, link = "") => {
  if (!taught || !lesson) return;
  const content = { ...taught, stop: at + 1, link, leads };
  if (JSON.stringify(content) === led) return;
  led = JSON.stringify(content);
  send("lead", content).catch(() => {
    led = "";
  });
};

const bars = () => {
  const found = taught && counts ? counts.bars : {};
  const most = Math.max(1, ...Object.values(found));
  [...$(".choices").children].forEach((button, i) => {
    const votes = found[i + 1];
    button.style.setProperty("--share", `${(100 * (votes ?? 0)) / most}%`);
    if (taught) button.dataset.votes = votes ?? 0;
    else delete button.dataset.votes;
  });
  for (const dot of document.querySelectorAll(".lab-dot")) dot.remove();
  const places = Object.keys(found).filter((guess) => guess.includes(","));
  if (stop().question === "place" && board())
    board().append(
      ...places.map((guess) => {
        const dot = document.createElement("i");
        const [x, y] = guess.split(",").map(Number);
        dot.className = "lab-dot";
        dot.style.left = `${50 * (1 + x / REACH)}%`;
        dot.style.top = `${50 * (1 - y / REACH)}%`;
        return dot;
      }),
    );
  const here = taught && counts ? fill(own.words.here, { members: counts.members, votes: total(found) }) : "";
  write($(".bars"), here);
};
const total = (found) => Object.values(found).reduce((sum, votes) => sum + votes, 0);
