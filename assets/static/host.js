// The page without a server: it holds the parts of the lab's own layout (the config of app.shell.build_app),
// runs those of their listeners that are JavaScript, and has the others answered by assets/static/views.
//
// `lab.page` knows parts by their elem_id: value(name), set(name, value), update(name, props), fire(name,
// event, data), on("name event", fn). A part is {id, type, props, node, shows: {prop: function}, children}.
(() => {
  const parts = new Map();
  const named = new Map();
  const answers = new Map(); // of views, by "name event"
  let listeners = [];

  const of = (name) => named.get(name) ?? parts.get(name);
  const value = (name) => of(name)?.props.value;

  const same = (a, b) => a === b || (typeof a !== "object" && Object.is(a, b));

  // --- events ------------------------------------------------------------------------------------------
  const assign = (outputs, found) => {
    const values = outputs.length === 1 ? [found] : (found ?? []);
    outputs.forEach((id, k) => {
      if (values[k] !== undefined) set(id, values[k]);
    });
  };

  const hear = async ({ inputs, outputs, js, followers }) => {
    const found = lab.page.scripts[js](...inputs.map((id) => parts.get(id)?.props.value));
    assign(outputs, found instanceof Promise ? await found : found);
    followers.forEach(hear);
  };

  const fire = (name, event, data = {}) => {
    const part = of(name);
    if (!part) return;
    for (const listener of part.heard[event] ?? []) hear(listener);
    for (const answer of answers.get(`${called(part)} ${event}`) ?? []) answer(data);
  };

  // A button without an id goes by what stands on it.
  const called = ({ type, props }) => props.elem_id ?? (type === "button" ? props.value : "");
  const isHeard = (part, event) => Boolean(part.heard[event] || answers.get(`${called(part)} ${event}`));

  // What answers events, several with one function: "a change, b change".
  const on = (events, answer) => {
    for (const event of events.split(", ")) {
      if (!answers.has(event)) answers.set(event, []);
      answers.get(event).push(answer);
    }
  };

  // --- values ------------------------------------------------------------------------------------------
  // What comes from the lab, and not from the hand.
  const set = (name, next) => {
    const part = of(name);
    if (!part) return;
    if (next?.__type__ === "update") return update(name, next);
    const before = part.props.value;
    part.props.value = next;
    part.shows.value?.(next);
    if (!same(before, next)) fire(name, "change");
  };

  const update = (name, props) => {
    const part = of(name);
    if (!part) return;
    const { value: next, __type__, ...others } = props;
    for (const [key, found] of Object.entries(others)) {
      part.props[key] = found;
      part.shows[key]?.(found);
    }
    if ("value" in props) set(name, next);
  };

  // What the hand has done to a part: input and change, as Gradio tells them.
  const moved = (part, next, ...events) => {
    part.props.value = next;
    for (const event of events) fire(part.id, event);
  };

  // --- the layout --------------------------------------------------------------------------------------
  const look = (part, node) => {
    const { elem_id: id, elem_classes: classes = [], visible = true, scale, min_width: least } = part.props;
    if (id) node.id = id;
    node.classList.add(...classes.flatMap((names) => names.split(" ")));
    if (scale !== null && scale !== undefined) node.style.flexGrow = scale;
    if (scale === 0 && part.type !== "form")
      Object.assign(node.style, { width: "fit-content", flex: "0 0 auto" });
    if (least !== null && least !== undefined) node.style.minWidth = `min(${least}px, 100%)`;
    part.shows.visible = (seen) => {
      node.hidden = seen === false || seen === "hidden";
    };
    part.shows.visible(visible);
    part.node = node;
    return node;
  };

  const make = ({ id, children = [] }) => {
    const part = parts.get(id);
    if (!part || !lab.fields[part.type]) return null;
    const inner = children.map((child) => [parts.get(child.id), make(child)]).filter(([, node]) => node);
    part.children = inner.map(([child]) => child);
    const node = lab.fields[part.type](
      part,
      inner.map(([, one]) => one),
    );
    return node && look(part, node);
  };

  // --- the start ---------------------------------------------------------------------------------------
  const enlist = () => {
    for (const listener of listeners) {
      listener.followers = listeners.filter((other) => other.after === listener.id && other.js !== null);
      for (const [id, event] of listener.targets) {
        const part = parts.get(id);
        if (!part || listener.js === null) continue;
        part.heard[event] ??= [];
        part.heard[event].push(listener);
      }
    }
  };

  const start = (told, root) => {
    lab.told = told;
    for (const [id, type, props] of told.components) {
      const part = { id, type, props, heard: {}, shows: {} };
      parts.set(id, part);
      if (props.elem_id && !named.has(props.elem_id)) named.set(props.elem_id, part);
    }
    listeners = told.listeners;
    enlist();
    for (const act of lab.starts) act();
    for (const child of told.layout.children) {
      const node = make(child);
      if (node) root.append(node);
    }
    lab.fields.ready();
    for (const part of parts.values()) // nobody here would answer
      if (part.type === "button" && part.node && !isHeard(part, "click")) part.node.hidden = true;
  };

  lab.starts = []; // what is done when the words are there
  lab.page = { start, of, value, set, update, fire, on, moved, scripts: [] };
})();
