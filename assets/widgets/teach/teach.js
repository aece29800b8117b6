// The teacher's dialog: built once, opened by lab.teach().
const attempt = (act) => async () => {
  try {
    await act();
  } catch (error) {
    said(error.message);
  }
};
const DO = {
  close: () => dialog.close(),
  copy: async () => {
    const field = $(".address input");
    field.select();
    try {
      await navigator.clipboard.writeText(field.value);
    } catch {
      document.execCommand("copy"); // pages without https have no clipboard interface
    }
    said(own.words.copied);
  },
  open: attempt(openRoom),
  end: attempt(endRoom),
  send: () => lab.lesson.follow($(".follow input").checked, query()),
  wall: attempt(wall),
  mean: attempt(mean),
  cloud: attempt(cloud),
};
element.addEventListener("click", (event) => DO[event.target.closest?.("[data-do]")?.dataset.do]?.());

const NAMED = {
  open: "open",
  end: "close",
  send: "send",
  wall: "wall",
  mean: "mean",
  cloud: "cloud",
  copy: "copy",
};
for (const [name, key] of Object.entries(NAMED)) $(`[data-do="${name}"]`).textContent = own.words[key];
$("header strong").textContent = props.label;
dialog.setAttribute("aria-label", props.label);
$(".link h2").textContent = own.words.link;
$(".class h2").textContent = own.words.class;
$(".present span").textContent = own.words.present;
$(".follow span").textContent = own.words.follow;
$(".address span").textContent = own.words.short;
$(".bring span").textContent = own.words.bring;
for (const name of ["sheet", "notes"]) $(`.${name}`).textContent = own.words[name];
$(".qr").alt = own.words.qr;
$(".link .choices").append(
  choice("lesson", own.words.lesson, [["", own.words.none], ...lessons]),
  choice("theme", own.words.theme, Object.entries(own.words.themes)),
  choice("language", own.words.language, Object.entries(own.words.languages)),
);
["", own.words.hide, own.words.lock].forEach((text, i) => {
  dialog.querySelectorAll("th")[i].textContent = text;
});
$("tbody").append(
  ...own.parts.map((part) => {
    const row = document.createElement("tr");
    const name = Object.assign(document.createElement("td"), { textContent: own.words.parts[part] });
    row.append(name, box("hide", part), box("lock", part));
    return row;
  }),
);
$(".present input").addEventListener("change", renew);
$(".follow input").addEventListener("change", (event) => lab.lesson.follow(event.target.checked));
$(".bring input").addEventListener("change", (event) => {
  if (event.target.files[0]) bring(event.target.files[0]);
  event.target.value = "";
});

$(".enter span").textContent = own.words.code;
$(".enter button").textContent = own.words.enter;
$(".enter").addEventListener("submit", async (event) => {
  event.preventDefault();
  try {
    await lab.lesson.join($(".enter input").value.trim());
    dialog.close();
  } catch (error) {
    said(error.message);
  }
});

lab.teach = () => {
  keepsRoom(taught ?? remember());
  dialog.showModal();
  renew();
};
// After F5 the room is still this teacher's; the card may be made after this dialog.
const resume = () => {
  if (!lab.lesson) setTimeout(resume, 100);
  else if (remember()) keepsRoom(remember());
};
resume();
