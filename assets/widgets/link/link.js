// Link to this view: the address bar and a copy button; on a Space the address is that of the Space's page.
// Beside it the stage as a picture, saved or copied: assets/js/slides.js draws it.
const part = (selector) => element.querySelector(selector);
const field = part("input");
const button = part(".copy");
const status = part("[role=status]");
field.setAttribute("aria-label", props.label);
for (const name of ["copy", "reset", "save", "picture"]) part(`.${name}`).textContent = own.words[name];
part(".reset").addEventListener("click", () => lab.address.reset(own.slug));

// What is always to be known of the link; what was just done is said in its place until the next change.
let standing = "";
const say = (text) => {
  status.textContent = text || standing;
};

const draw = () => {
  const { query, note, stays } = props.value || { query: "", note: "", stays: "" };
  field.value = note || (own.base || location.origin + location.pathname) + query;
  button.disabled = Boolean(note);
  standing = stays || (query.length > lab.address.longest ? own.words.long : "");
  say("");
  lab.address.told(own.slug, note ? `?view=${own.slug}` : query);
};

button.addEventListener("click", async () => {
  field.select();
  try {
    await navigator.clipboard.writeText(field.value);
  } catch {
    document.execCommand("copy"); // pages without https have no clipboard interface
  }
  say(own.words.copied);
});

const address = () => (button.disabled ? location.origin + location.pathname : field.value);
const pictured = (how) => async () => {
  const done = await lab.slides[how](own.slug, address()).catch(() => "nothing");
  say(own.words[done]);
};
part(".save").addEventListener("click", pictured("save"));
part(".picture").addEventListener("click", pictured("copy"));

draw();
watch("value", draw);
