"""One way in for pictures, the same in every view; the stage goes out as a picture for a slide."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

import pytest
from PIL import Image, ImageDraw
from playwright.sync_api import expect

if TYPE_CHECKING:
    from playwright.sync_api import Locator, Page

    from tests.browser.visits import Visit

DIGITS = ("interpolate", "spectrum", "generate", "project", "latent_pca")
VIEWS = ("plane", *DIGITS, "styles")
TURNED = 6  # EXIF: the top of the picture is at its right


def seven(mode: str, paper: object, ink: object) -> Image.Image:
    picture = Image.new(mode, (300, 300), paper)
    ImageDraw.Draw(picture).line([(100, 70), (200, 70), (130, 240)], fill=ink, width=26)
    return picture


def content(picture: Image.Image, form: str, **how: object) -> bytes:
    stream = io.BytesIO()
    picture.save(stream, form, **how)
    return stream.getvalue()


def files() -> dict[str, bytes]:
    """The same 7 as five files."""
    plain = seven("RGB", "white", "black")
    exif = Image.Exif()
    exif[0x112] = TURNED
    return {
        "plain.png": content(plain, "PNG"),
        "turned.jpg": content(plain.rotate(90), "JPEG", exif=exif),
        "four-colours.jpg": content(seven("CMYK", (0, 0, 0, 0), (0, 0, 0, 255)), "JPEG"),
        "clear.png": content(seven("RGBA", (0, 0, 0, 0), (0, 0, 0, 255)), "PNG"),
        "moving.gif": content(plain, "GIF", save_all=True, append_images=[plain.rotate(180)]),
    }


BAD = {
    "words.pdf": (b"%PDF-1.4 no picture", "not a picture"),
    "empty.png": (b"", "empty"),
    "vast.png": (content(Image.new("1", (9000, 9000)), "PNG"), "81 megapixels"),
}


def opened(visit: Visit, slug: str) -> Page:
    page = visit.at()
    page.evaluate("slug => document.getElementById(`tab-${slug}-button`).click()", slug)
    visit.shows(page, f"#{slug}-meter .meter", "holds")
    return page


def give(page: Page, slug: str, name: str, data: bytes) -> Locator:
    """Hand over a file, and wait for what is said of it."""
    intake = page.locator(f"#{slug}-intake .intake")
    file = {"name": name, "mimeType": "image/png", "buffer": data}
    intake.locator("input[type=file]").set_input_files(file)
    expect(intake).to_have_attribute("aria-busy", "false")
    return intake


@pytest.mark.parametrize("slug", DIGITS)
def test_the_same_five_pictures_are_understood_in_every_view(visit: Visit, slug: str):
    page = opened(visit, slug)
    for name, data in files().items():
        intake = give(page, slug, name, data)
        expect(intake).to_have_attribute("data-taken", "whole" if slug == "project" else "digit")
        expect(intake.locator(".notice")).to_have_text("")
        expect(intake.locator(".seen canvas")).to_be_visible()
    if slug == "project":
        intake.get_by_role("button", name="as a digit").click()
        expect(intake).to_have_attribute("data-taken", "digit")
    expect(intake.locator(".word")).to_have_text("g knows pictures like this.")
    for name, (data, sentence) in BAD.items():
        expect(give(page, slug, name, data).locator(".notice")).to_contain_text(sentence)
    expect(intake.locator(".understood")).to_be_hidden()
    visit.quiet(page)


def test_a_visitor_says_how_a_picture_is_taken_and_hears_when_it_is_far(visit: Visit):
    page = opened(visit, "spectrum")
    intake = give(page, "spectrum", "plain.png", files()["plain.png"])
    intake.get_by_role("button", name="as it is").click()
    expect(intake).to_have_attribute("data-taken", "whole")
    expect(intake.locator(".word")).to_contain_text("Far from what g knows")
    expect(intake.get_by_role("button", name="as it is")).to_have_attribute("aria-pressed", "true")
    page.locator("#spectrum-digits button").first.click()
    expect(intake.locator(".understood")).to_be_hidden()
    visit.quiet(page)


def test_styles_takes_photos_the_same_way(visit: Visit):
    page = opened(visit, "styles")
    for name, data in files().items():
        expect(give(page, "styles", name, data).locator(".notice")).to_have_text("")
    visit.shows(page, "#styles-stage .pair", "^upload:")
    expect(page.locator("#styles-link [role=status]")).to_contain_text("stays on this page")
    for name, (data, sentence) in BAD.items():
        expect(give(page, "styles", name, data).locator(".notice")).to_contain_text(sentence)
    visit.quiet(page)


@pytest.mark.parametrize("slug", VIEWS)
def test_the_stage_goes_out_as_a_picture_for_a_slide(visit: Visit, slug: str):
    page = opened(visit, slug)
    visit.quiet(page)
    with page.expect_download() as download:
        page.locator(f"#{slug}-link .save").click()
    with Image.open(download.value.path()) as picture:
        assert picture.format == "PNG" and picture.width >= 1024
        assert len(picture.convert("L").resize((64, 64)).getcolors()) > 8  # it is no empty sheet
    assert download.value.suggested_filename == f"linearizer-{slug}.png"
    expect(page.locator(f"#{slug}-link [role=status]")).to_have_text("The picture is saved.")
    visit.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page.locator(f"#{slug}-link .picture").click()
    expect(page.locator(f"#{slug}-link [role=status]")).to_have_text("The picture is copied.")
    kinds = page.evaluate("navigator.clipboard.read().then((items) => items.flatMap((item) => item.types))")
    assert kinds == ["image/png"]
