"""Parts of the page that a link or a stop of a lesson can hide, lock or cover, by name."""

PARTS = {
    "header": ".lab-header",
    "tabs": "#views > .tab-wrapper",
    "lead": ".lab-lead, .lab-path",
    "stage": "[id$='-stage'], #plane-canvas .stage, #latent_pca-scatter, #generate-path",
    "numbers": "[id$='-formula'], [id$='-sum'], #plane-canvas .words, #plane-canvas .formula, #styles-rest",
    "controls": "#plane-canvas .bar, .lab-card [id$='-t'], #latent_pca-steps, #project-rank, #project-presets",
    "others": ".lab-split .lab-card:not(.lab-first, .lab-walk, :has(#spectrum-handles)), .lab-section, .lab-section ~ *",
    "pictures": ".lab-card:has([id$='-picker']):not(:has([id$='-x1'])), "
    ":is([id$='-picker'], [id$='-intake']), :has(+ :is([id$='-picker'], [id$='-intake']))",
    "models": "[id$='-model']",
    "own": "#own-model",
    "train": ".lab-card:has(#plane-trainer)",
    "break": "[id$='-break']",
    "meter": "[id$='-meter']",
    "python": "[id$='-python-fold']",
    "link": "[id$='-link']",
    "symbols": "#symbols",
    "footer": "#engine, .lab-foot, footer:not(.lab-widget *)",
}
"""Name: selector. What is measured and what says where the page stands stay in the page when they are hidden."""

EMPTIED = {"others": ".lab-split > .column:not(:has(.lab-first, #spectrum-handles))"}
"""What takes no room when a part is hidden, though it stays in the page."""

PRESENT = ("header", "tabs", "lead", "others", "own", "python", "link", "symbols", "footer")
"""What a page that is shown to a room leaves out: the stage and what moves it stay."""
