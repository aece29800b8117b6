// A small pad for one digit, drawn dark on white; what is drawn goes to the class as a PNG file.
const pad = $(".pad canvas");
const pen = pad.getContext("2d");
let inked = false;
let last = null;

const wipe = () => {
  pen.fillStyle = "#fff";
  pen.fillRect(0, 0, pad.width, pad.height);
  inked = false;
};
const where = (event) => {
  const box = pad.getBoundingClientRect();
  return [
    ((event.clientX - box.left) * pad.width) / box.width,
    ((event.clientY - box.top) * pad.height) / box.height,
  ];
};
const stroke = (to) => {
  pen.strokeStyle = "#111";
  pen.lineWidth = 16;
  pen.lineCap = pen.lineJoin = "round";
  pen.beginPath();
  pen.moveTo(...last);
  pen.lineTo(...to);
  pen.stroke();
  last = to;
  inked = true;
};
lab.hold(pad, {
  begin(event) {
    last = where(event);
    stroke(last.map((v) => v + 0.1));
  },
  move: (event) => lab.trail(event).forEach((each) => stroke(where(each))),
});
wipe();
