// The class: a room with its code; its drawings go through ⊕ and into Latent PCA.
let taught = null; // {code, key}

const keepsRoom = (room) => {
  taught = room;
  lab.lesson.teach(room);
  try {
    if (room) sessionStorage.setItem("lab-taught", JSON.stringify(room));
    else sessionStorage.removeItem("lab-taught");
  } catch {
    said(""); // a browser that keeps nothing loses its room with the page
  }
  $(".code").textContent = room ? room.code : "";
  $(".how").textContent = room ? own.words.join : "";
  for (const name of ["end", "send", "wall", "mean", "cloud"]) $(`[data-do="${name}"]`).hidden = !room;
  $(".follow").hidden = !room;
  if (!room) {
    for (const part of [".means", ".pictures", ".drawn"]) $(part).replaceChildren();
    hangs = -1;
  }
  $('[data-do="open"]').hidden = Boolean(room);
};
const remember = () => {
  try {
    return JSON.parse(sessionStorage.getItem("lab-taught") || "null");
  } catch {
    return null;
  }
};

const openRoom = async () => {
  const lesson = chosen("lesson") || lab.lesson.name() || own.lessons[0];
  dialog.querySelector('select[name="lesson"]').value = lesson;
  keepsRoom(await lab.lesson.send("open", { lesson }));
  await renew();
  if (lab.lesson.name() !== lesson) lab.lesson.start(lesson, 0); // wherever its teacher has left it alone
};
// A room that has ended refuses whatever comes: its page stops asking first.
const endRoom = async () => {
  lab.lesson.teach(null);
  await lab.lesson.answered();
  try {
    await lab.lesson.send("close", taught);
  } catch (error) {
    lab.lesson.teach(taught);
    throw error;
  }
  keepsRoom(null);
  await renew();
};

const picture = (address, text) => {
  const figure = document.createElement("figure");
  const image = Object.assign(document.createElement("img"), { src: address, alt: text });
  figure.append(image, Object.assign(document.createElement("figcaption"), { textContent: text }));
  return figure;
};
// The wall: a click takes a drawing off; whatever comes meanwhile is there at once.
let hangs = -1; // drawings on the wall as it is shown, −1 for none shown
const wall = async () => {
  const { drawings } = await lab.lesson.send("wall", taught);
  $(".pictures").replaceChildren(...drawings.map(drawing));
  hangs = drawings.length;
  return drawings;
};
const drawing = ({ name, picture: address }) => {
  const button = document.createElement("button");
  button.type = "button";
  button.title = own.words.erase;
  button.setAttribute("aria-label", own.words.erase);
  button.append(Object.assign(document.createElement("img"), { src: address, alt: "" }));
  button.addEventListener(
    "click",
    attempt(async () => {
      await lab.lesson.send("erase", { ...taught, drawing: name });
      await wall();
    }),
  );
  return button;
};
const mean = async () => {
  const found = await lab.lesson.send("mean", taught);
  $(".means").replaceChildren(
    picture(found.induced, own.words.induced),
    picture(found.pixels, own.words.pixels),
  );
};

// The drawings become files for the upload of Latent PCA, which takes them as it takes any.
const cloud = async () => {
  const drawings = await wall();
  if (drawings.length < 12) return said(fill(own.words.few, { count: drawings.length }));
  dialog.close();
  lab.address.go("?view=latent_pca");
  const files = await Promise.all(
    drawings.map(async ({ picture: address }, i) => {
      const content = await (await fetch(address)).blob();
      return new File([content], `drawing-${i + 1}.png`, { type: "image/png" });
    }),
  );
  const give = () => {
    const field = document.querySelector('#latent_pca-upload input[type="file"], input#latent_pca-upload');
    const input = field ?? document.querySelector("#tab-latent_pca input[type=file]");
    if (!input || !lab.address.linkOf("latent_pca")) return setTimeout(give, 300);
    const bag = new DataTransfer();
    for (const file of files) bag.items.add(file);
    input.files = bag.files;
    input.dispatchEvent(new Event("change", { bubbles: true }));
  };
  give();
};

document.addEventListener("lab:class", ({ detail }) => {
  if (!detail) return;
  const { members, drawn } = detail;
  $(".drawn").textContent = fill(own.words.drawn, { count: drawn, members });
  if (hangs >= 0 && hangs !== drawn && dialog.open) wall().catch((error) => said(error.message));
});
