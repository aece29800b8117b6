// Engine note: a word in the footer that says where the last tick ran and how long it took; and the switch.
const note = element.querySelector("[role=status]");
const button = element.querySelector("button");
const { words } = own;

const write = () => {
  button.textContent = lab.engine.able() ? words.off : words.on;
};
const told = ({ detail }) => {
  if (!element.isConnected) return document.removeEventListener("lab:engine", told);
  const { where, milliseconds, loading, progress, ready, failed } = detail;
  if (where) {
    note.textContent = `${words[where]}, ${milliseconds.toFixed(milliseconds < 10 ? 1 : 0)} ms`;
    note.dataset.where = where;
  } else if (loading) note.textContent = `${words.loading} ${loading}: ${Math.round(100 * progress)} %`;
  else if (ready) note.textContent = `${ready} ${words.ready}`;
  else if (failed) note.textContent = `${words.failed} (${failed})`;
  else note.textContent = lab.engine.able() ? "" : words.server;
  if (ready) note.dataset.ready = `${note.dataset.ready ?? ""} ${ready}`;
  write();
};
button.addEventListener("click", () => lab.engine.use(!lab.engine.able()));
document.addEventListener("lab:engine", told);
write();
