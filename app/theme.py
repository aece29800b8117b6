"""The look: one calm theme for Gradio's components; assets/css/lab.css holds the same colours for ours."""

import gradio as gr

FONT = ("system-ui", "-apple-system", "Segoe UI", "Roboto", "sans-serif")
MONO = (gr.themes.LocalFont("IBM Plex Mono"), "ui-monospace", "Consolas", "monospace")


def theme() -> gr.themes.Base:
    """No font is fetched from another host: the lab works without a network."""
    return gr.themes.Base(
        primary_hue=gr.themes.colors.indigo,
        secondary_hue=gr.themes.colors.indigo,
        neutral_hue=gr.themes.colors.slate,
        radius_size=gr.themes.sizes.radius_lg,
        text_size=gr.themes.sizes.text_md,
        font=(gr.themes.LocalFont("IBM Plex Sans", weights=(400, 700)), *FONT),
        font_mono=MONO,
    ).set(
        body_background_fill="#f7f8fb",
        body_background_fill_dark="#0e1118",
        body_text_color="#1d2433",
        body_text_color_dark="#e7eaf2",
        body_text_color_subdued="#5b6475",
        body_text_color_subdued_dark="#98a2b6",
        background_fill_primary="#ffffff",
        background_fill_primary_dark="#161a24",
        background_fill_secondary="#f1f3f8",
        background_fill_secondary_dark="#1c212d",
        block_background_fill="transparent",
        block_background_fill_dark="transparent",
        block_border_width="0px",
        block_border_width_dark="0px",
        block_shadow="none",
        block_shadow_dark="none",
        block_label_background_fill="transparent",
        block_label_background_fill_dark="transparent",
        block_label_text_color="*body_text_color_subdued",
        block_title_text_color="*body_text_color_subdued",
        border_color_primary="#dfe3ec",
        border_color_primary_dark="#2a3040",
        color_accent="#4f52d3",
        color_accent_soft="#ecedfb",
        color_accent_soft_dark="#23264a",
        button_border_width="1px",
        button_border_width_dark="1px",
        slider_color="#4f52d3",
        slider_color_dark="#8f93ff",
        button_primary_background_fill="#4f52d3",
        button_primary_background_fill_hover="#4245c0",
        button_primary_background_fill_dark="#6366e8",
        button_primary_background_fill_hover_dark="#7679f2",
        button_secondary_background_fill="#ffffff",
        button_secondary_background_fill_hover="#f1f3f8",
        button_secondary_background_fill_dark="#1c212d",
        button_secondary_background_fill_hover_dark="#252b39",
        button_secondary_border_color="#dfe3ec",
        button_secondary_border_color_dark="#2a3040",
        input_background_fill="#ffffff",
        input_background_fill_dark="#1c212d",
        input_border_color="#dfe3ec",
        input_border_color_dark="#2a3040",
        link_text_color="#4f52d3",
        link_text_color_dark="#a5a8ff",
    )
