// Relay: nothing to see; it asks the server in the name of the engine, and hands it what comes back.
const view = lab.engine.join(own.slug, own.stage, {
  ask: () => trigger("input"),
  fetch: () => trigger("submit"),
});
const feed = () => view.feed(props.value);
feed();
watch("value", feed);
