// Before and after: two pictures of one size, one over the other, and a divider to drag.
const frame = element.querySelector(".pair");
const before = element.querySelector(".before");
const after = element.querySelector(".after");
const [left, right] = element.querySelectorAll(".tag");
const divider = element.querySelector("input");
left.textContent = own.photo;
right.textContent = own.after;
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
  before.alt = own.photo;
  after.alt = value.name || own.after;
  await Promise.all([show(before, value.before), show(after, value.after)]).catch(() => {});
  if (mine === newest) frame.dataset.state = value.state;
};

divider.addEventListener("input", place);
place();
draw();
watch("value", draw);
