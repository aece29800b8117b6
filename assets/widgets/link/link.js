// Link to this view: the address bar and a copy button; on a Space the address is that of the Space's page.
const field = element.querySelector("input");
const button = element.querySelector(".copy");
const reset = element.querySelector(".reset");
const status = element.querySelector("[role=status]");
field.setAttribute("aria-label", props.label);
button.textContent = own.copy;
reset.textContent = own.reset;
reset.addEventListener("click", () => lab.address.reset(own.slug));

const draw = () => {
  const { query, note } = props.value || { query: "", note: "" };
  field.value = note || (own.base || location.origin + location.pathname) + query;
  button.disabled = Boolean(note);
  status.textContent = "";
  lab.address.told(own.slug, note ? `?view=${own.slug}` : query);
};

button.addEventListener("click", async () => {
  field.select();
  try {
    await navigator.clipboard.writeText(field.value);
  } catch {
    document.execCommand("copy"); // pages without https have no clipboard interface
  }
  status.textContent = own.copied;
});

draw();
watch("value", draw);
