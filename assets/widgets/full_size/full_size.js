// Full size: how far the painting is, and at its end a link that saves it.
const box = element.querySelector(".full");
const words = element.querySelector("p");
const bar = element.querySelector("i");
const link = element.querySelector("a");
link.textContent = own.download;

const draw = () => {
  const value = props.value || {};
  words.textContent = value.words || "";
  bar.style.width = `${100 * (value.share || 0)}%`;
  bar.parentElement.hidden = value.share === undefined || value.share >= 1;
  link.hidden = !value.address;
  if (value.address) {
    link.href = value.address;
    link.download = value.file;
  }
  box.dataset.state = value.state || "";
  if (value.address && value.photo) document.dispatchEvent(new CustomEvent("lab:painted", { detail: value }));
};

draw();
watch("value", draw);
