// Number rule: what is typed into a number field and cannot be is answered there and goes nowhere, as an
// emptied field does; the number before it stays, and is written back when the field is left. The widget
// itself shows nothing.
const FIELD = "input[type=number]";
const last = new WeakMap();

const isOurs = (field) =>
  field.matches?.(FIELD) && !field.closest(".lab-widget") && field.closest(".lab-field");
const isWhole = (field) => Number.isInteger(Number(field.step || 1)) && Number.isInteger(Number(field.min));
const isEmpty = (field) => field.value === "" && !field.validity.badInput;

const fits = (field) => {
  const v = Number(field.value);
  if (field.validity.badInput || !Number.isFinite(v)) return false;
  if (field.min !== "" && v < Number(field.min)) return false;
  if (field.max !== "" && v > Number(field.max)) return false;
  return !isWhole(field) || Number.isInteger(v);
};

const written = (text) => text.replace("-", "−");
const sentence = (field) =>
  (isWhole(field) ? own.whole : own.number)
    .replace("{low}", written(field.min))
    .replace("{high}", written(field.max));

const say = (field, text) => {
  const block = field.closest(".lab-field");
  let note = block.querySelector(":scope > .lab-refusal");
  if (!note && !text) return;
  if (!note) {
    note = Object.assign(document.createElement("p"), { className: "lab-refusal" });
    note.setAttribute("role", "alert");
    block.append(note);
  }
  if (note.textContent !== text) note.textContent = text;
  note.hidden = !text;
  if (text) field.setAttribute("aria-invalid", "true");
  else field.removeAttribute("aria-invalid");
};

const typed = (event) => {
  const field = event.target;
  if (!isOurs(field)) return;
  if (!isEmpty(field) && fits(field)) {
    last.set(field, field.value);
    return say(field, "");
  }
  event.stopImmediatePropagation();
  say(field, isEmpty(field) ? "" : sentence(field));
};

const met = ({ target: field }) => {
  if (isOurs(field) && !isEmpty(field) && fits(field)) last.set(field, field.value);
};

const left = (event) => {
  const field = event.target;
  if (!isOurs(field) || (!isEmpty(field) && fits(field))) return;
  event.stopImmediatePropagation();
  if (last.has(field)) field.value = last.get(field);
};

// before Gradio's own listeners, wherever these stand
const heard = { input: typed, change: left, blur: left, focusin: met };
if (!document.documentElement.dataset.numbers) {
  document.documentElement.dataset.numbers = "ruled";
  for (const [name, listener] of Object.entries(heard)) window.addEventListener(name, listener, true);
}
