// The link that a teacher makes: the view as it is now, and what its page hides, locks and shows.
const $ = (selector) => element.querySelector(selector);
const dialog = $("dialog");
const fill = (text, values) => text.replace(/\{(\w+)\}/g, (_, key) => values[key] ?? "");
const lessons = own.lessons.map((name) => [name, name]);

const option = ([value, text]) =>
  Object.assign(document.createElement("option"), { value, textContent: text });
const choice = (name, text, options) => {
  const label = document.createElement("label");
  const select = document.createElement("select");
  select.name = name;
  select.append(...options.map(option));
  select.addEventListener("change", renew);
  label.append(Object.assign(document.createElement("span"), { textContent: text }), select);
  return label;
};
const box = (name, part) => {
  const cell = document.createElement("td");
  const input = document.createElement("input");
  input.type = "checkbox";
  input.name = name;
  input.value = part;
  input.setAttribute("aria-label", `${own.words[name]}: ${own.words.parts[part]}`);
  input.addEventListener("change", renew);
  cell.append(input);
  return cell;
};

const chosen = (name) => dialog.querySelector(`select[name="${name}"]`).value;
const ticked = (name) =>
  [...dialog.querySelectorAll(`input[name="${name}"]:checked`)].map((input) => input.value).join(",");
const inRoom = () => taught?.code ?? "";

// Query string of the link: that of the view, without what the page itself was opened with.
const query = () => {
  const found = new URLSearchParams(location.search);
  for (const name of "hide lock lesson stop notes present lang theme __theme room".split(" "))
    found.delete(name);
  const wanted = {
    hide: ticked("hide"),
    lock: ticked("lock"),
    lesson: chosen("lesson"),
    present: $(".present input").checked ? "1" : "",
    theme: chosen("theme"),
    lang: chosen("language"),
    room: inRoom(),
  };
  for (const [name, value] of Object.entries(wanted)) if (value) found.set(name, value);
  return `?${found.toString().replaceAll("%2C", ",").replaceAll("%3A", ":").replaceAll("%3B", ";")}`;
};

const said = (text) => {
  $(".said").textContent = text;
};
let made = 0;
const renew = async () => {
  const mine = ++made;
  try {
    const { short } = await lab.lesson.send("shorten", { query: query() });
    const address = lab.place(`lab-go/${short}`);
    const { picture } = await lab.lesson.send("code", { address });
    if (mine !== made) return;
    $(".address input").value = address;
    $(".address input").title = query();
    $(".qr").src = picture;
    said("");
  } catch (error) {
    said(error.message);
  }
  const sheet = lab.place(
    `lab-sheet/${chosen("lesson") || own.lessons[0]}?lang=${chosen("language") || "en"}`,
  );
  [$(".sheet").href, $(".notes").href] = [sheet, `${sheet}&notes=1`];
};

const bring = async (file) => {
  try {
    const brought = await lab.lesson.send("bring", { text: await file.text() });
    const select = dialog.querySelector('select[name="lesson"]');
    select.append(option([brought.name, brought.title]));
    select.value = brought.name;
    await renew();
    said(fill(own.words.brought, { title: brought.title, count: brought.stops.length }));
  } catch (error) {
    said(error.message);
  }
};
