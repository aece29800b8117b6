"""The views, in the order shown. The shell is one loop over VIEWS; a new view is one module and one word
here.

A view is a module with

    TITLE   the words on its tab (a sentence of `captions`)
    SLUG    its name in links, element ids and tests: "interpolate"
    build(lab) -> state.Opening
            called inside the view's tab: makes the components, wires the listeners, says how the view opens

and follows this pattern:

1. **Handlers are values in, values out**: module functions without Gradio objects, tested without a browser.
   They raise `images.BadPictureError` or `ValueError` with a sentence of `captions`; listeners that take what
   visitors supply (drawings, uploads, links) show it as text. Mathematics is a call of `linearizer_core`.
2. **Pictures travel as references** (`pictures`): "digits:17", "sample:7:42", "png:…".
   `pictures.tensor(refs)` gives float32 images; `pictures.latents(refs)` and `pictures.points(refs)` their
   latents, encoded once and remembered by reference. What the visitor chose lives in `gr.State`s of short
   strings and numbers, or in components; never in a module global.
3. **One tick listener per panel**:
       gr.on([slider.change for slider in sliders], tick, [refs, *sliders], stage, **state.TICK)
   A tick is one operator application and one `models.decode(z)`, which shares its batch with other visitors.
   Longer work runs inside `with models.one_core():`.
4. **What may wait, waits**: `proof.section(slug, ...)` makes the proof meter, its "break it" switch, the
   Python snippet and the link; `section.settles(triggers, fn, inputs)` calls `fn(broken, *inputs) ->
   proof.Settled` 250 ms after the last trigger, so the law is measured on what is on screen without slowing
   the drag.
5. **The current picture** is `lab.picture`, a `gr.State` with one reference. A view where people choose a
   picture puts it among its outputs; a view that follows listens to `lab.picture.change(...)`. A listener
   that changes a `gr.State` others listen to is set with `**state.CHOICE`: only queued events tell.
6. **Opening**: `Opening(fn, outputs)`; `fn(query, picture)` gets the settings of a link to this view (a
   dict of strings, {} without one) and the current picture, and returns the values of `outputs`. The shell
   calls it once per visitor, when the view is first seen, so a page load costs one view and not all of
   them.
7. **Elements** have ids that start with the slug ("interpolate-stage"); the main handler is a named endpoint
   (`gr.api`). Layout: `lab-card` boxes; in a `lab-split` row the card `lab-first` comes first on a phone.
   Colours: --lab-induced for ⊕ and latents, --lab-pixel for pixels, in every view.
"""

from app.views import generate, interpolate, latent_pca, plane, project, spectrum, styles

VIEWS = (plane, interpolate, spectrum, styles, generate, project, latent_pca)
