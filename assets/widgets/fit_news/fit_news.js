// Fit news: what a fit says and how far it is; and to whoever sits at the lab's own machine what would make
// fits possible.
const HERE = ["localhost", "127.0.0.1", "[::1]"];
const text = element.querySelector("p");
const bar = element.querySelector("progress");
const host = element.querySelector(".host");
host.textContent = own.note;
host.hidden = !own.note || !HERE.includes(location.hostname);

const draw = () => {
  const value = props.value || {};
  text.textContent = value.text || "";
  text.hidden = !value.text;
  bar.hidden = value.share === undefined;
  bar.value = value.share || 0;
  bar.setAttribute("aria-label", props.label);
};

draw();
watch("value", draw);
