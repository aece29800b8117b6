// Before and after: two pictures of one size, one over the other, and a divider to drag.
const frame = element.querySelector(".pair");
const before = element.querySelector(".before");
const after = element.querySelector(".after");
const [left, right] = element.querySelectorAll(".tag");
const divider = element.querySelector("input");
divider.setAttribute("aria-label", own.divider);

const place = () => {
  frame.style.setProperty("--at", `${divider.value}%`);
  divider.setAttribute("aria-valuetext", `${Math.round(divider.value)} % ${own.photo}`);
};

// A picture is decoded before it is shown: while somebody drags nothing flickers, and the newest wins.
let newest = 0;
const show = async (image, address) => {
  if (image.src === address) return;
  const next = new Image();
  next.src = address;
  await next.decode();
  image.src = address;
};
const draw = async () => {
  const value = props.value;
  frame.hidden = !value?.after;
  if (frame.hidden) return;
  const mine = ++newest;
  frame.style.aspectRatio = `${value.width} / ${value.height}`;
  frame.style.setProperty("--ratio", value.width / value.height);
  left.textContent = value.left || own.photo;
  right.textContent = value.right || own.after;
  before.alt = left.textContent;
  after.alt = value.name || own.after;
  await Promise.all([show(before, value.before), show(after, value.after)]).catch(() => {});
  if (mine === newest) frame.dataset.state = value.state;
};

// The same painting at full size takes the place of the small one, as long as that is still the newest.
const refine = async ({ detail }) => {
  if (!element.isConnected) return document.removeEventListener("lab:painted", refine);
  const mine = newest;
  if (frame.hidden || detail.state !== props.value.state) return;
  await Promise.all([show(before, detail.photo), show(after, detail.address)]).catch(() => {});
  if (mine === newest) frame.dataset.full = detail.state;
};
document.addEventListener("lab:painted", refine);

divider.addEventListener("input", place);
place();
draw();
watch("value", draw);
