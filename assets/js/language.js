// The page in the language of its address (lang=de): widgets get their words so from the start, and labels
// that Gradio writes are said again when they come. What a language does not say stays English.
(() => {
  const code = (new URLSearchParams(location.search).get("lang") || "en").slice(0, 2);
  const table = JSON.parse(document.getElementById("lab-tables").textContent)[code] ?? {};
  const say = (text) => (Object.hasOwn(table, text) ? table[text] : text);

  // The same words in the page's language, however they are nested.
  const said = (value) => {
    if (typeof value === "string") return say(value);
    if (Array.isArray(value)) return value.map(said);
    if (value === null || typeof value !== "object") return value;
    return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, said(inner)]));
  };
  lab.say = say;
  lab.said = (own, names) =>
    Object.fromEntries(
      Object.entries(own).map(([name, value]) => [name, names.includes(name) ? said(value) : value]),
    );
  if (!Object.keys(table).length) return;
  document.documentElement.lang = code;

  const again = (node) => {
    if (node.parentElement?.closest("[role=tab]")) return; // a view keeps its name, whatever is called so
    const text = node.data.trim();
    const wanted = say(text);
    if (wanted !== text) node.data = node.data.replace(text, wanted);
  };
  const label = (node) => {
    const text = node.getAttribute("aria-label");
    if (text && say(text) !== text) node.setAttribute("aria-label", say(text));
  };
  const all = (root) => {
    if (root.nodeType === Node.TEXT_NODE) return again(root);
    if (root.nodeType !== Node.ELEMENT_NODE) return;
    const texts = document.createTreeWalker(root, NodeFilter.SHOW_TEXT);
    while (texts.nextNode())
      if (!texts.currentNode.parentElement.closest("style, script")) again(texts.currentNode);
    for (const node of [root, ...root.querySelectorAll("[aria-label]")]) label(node);
  };
  new MutationObserver((changes) => {
    for (const { target, addedNodes } of changes) {
      if (target.nodeType === Node.TEXT_NODE) again(target);
      addedNodes.forEach(all);
    }
  }).observe(document, { subtree: true, childList: true, characterData: true });
})();
