// A lesson without a server: its stops come with the page, and what the app shows at the link of each. See
// app/static/stops.py.
(() => {
  // What a lesson's card asks of the server: the lesson. There is no class here.
  lab.answered = async (name, asked, words) => {
    const lesson = name === "lesson" ? lab.told.lessons[asked.name] : undefined;
    if (!lesson) throw new Error(words.far);
    return { name: asked.name, ...(lesson[asked.language] ?? lesson.en) };
  };

  // What is known of a view's link, {query, differs}; that which says most of what is asked.
  lab.stopOf = (slug, asked) =>
    lab.told.stops
      .filter(
        ({ view, query }) =>
          view === slug && Object.entries(query).every(([name, text]) => asked[name] === text),
      )
      .sort((a, b) => Object.keys(b.query).length - Object.keys(a.query).length)[0];
})();
