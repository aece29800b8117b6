// The start of a page without a server.
(async () => {
  const asked = new URLSearchParams(location.search);
  const dark =
    asked.get("__theme") ?? (matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light");
  document.body.classList.toggle("dark", dark === "dark");

  const text = async (name) => new TextDecoder().decode(await lab.carried(name));
  const told = JSON.parse(await text("told"));
  const address = (script, type = "text/javascript") => URL.createObjectURL(new Blob([script], { type }));
  told.worker = address(lab.worker);

  // Scripts that widgets ask for when they are first seen.
  const brought = new Map();
  lab.bring = (name) => {
    if (!brought.has(name)) {
      const script = name === told.plotly ? text("plotly") : Promise.resolve(told.late[name]);
      brought.set(
        name,
        script.then((found) => address(found)),
      );
    }
    return brought.get(name);
  };

  lab.page.start(told, document.querySelector("main.contain"));
  lab.view.begin(told.views);

  if ("serviceWorker" in navigator && location.protocol.startsWith("http"))
    navigator.serviceWorker.register("service-worker.js").catch(() => null); // a page that may keep nothing
})();
