"""The lab without a server: the folder is small and alone, and in a browser it computes what torch does."""

from __future__ import annotations

import json
import re

import pytest
import torch
from playwright.sync_api import expect

from app import models, pictures
from app.lessons import files
from app.serving import manifest
from app.static.folder import MODELS, VIEWS, write, write_archive
from tests.browser.visits import ADVICE, Visit
from tests.drags import HANDLES
from tests.engine import LEVELS
from tests.server import files_of

MOST_BYTES, MOST_FILES = 12_000_000, 60
TOUR = [
    stop for stop in files.shipped("tour").stops if stop.id not in ("styles", "project", "own")
]  # all that it can
SHOWN = """id => [...document.querySelectorAll(`#${id} canvas`)].map(
  (canvas) => [...canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height).data]
    .filter((_, i) => i % 4 === 0))"""


DRAWN = """async (address) => {
  const image = new Image();
  image.src = address;
  await image.decode();
  const pen = Object.assign(document.createElement("canvas"), { width: 192, height: 192 }).getContext("2d");
  pen.drawImage(image, 0, 0, 192, 192);
  return [...pen.getImageData(0, 0, 192, 192).data];
}"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """The lab without a server, under the path /some/where of what is served."""
    place = tmp_path_factory.mktemp("static")
    write(place / "some" / "where")
    return place / "some" / "where"


@pytest.fixture(scope="module")
def address(folder):
    """Where a plain server has it."""
    with files_of(folder.parents[1]) as root:
        yield f"{root}some/where/"


@pytest.fixture
def page(browser):
    """A page whose console stays silent and that asks one host alone."""
    context = browser.new_context(viewport={"width": 1440, "height": 900}, color_scheme="light")
    heard, hosts = [], set()
    context.on("console", lambda m: heard.append(m.text) if m.type in ("error", "warning") else None)
    context.on("weberror", lambda error: heard.append(str(error.error)))
    context.on(
        "request",
        lambda request: hosts.add(re.split("/|,", request.url)[2]) if "://" in request.url else None,
    )
    yield context.new_page()
    context.close()
    assert not [text for text in heard if not any(known in text for known in ADVICE)]
    assert len(hosts - {""}) <= 1


def test_the_folder_is_small_and_names_no_other_host(folder, tmp_path):
    files = list(folder.iterdir())
    assert len(files) <= MOST_FILES and sum(path.stat().st_size for path in files) <= MOST_BYTES
    assert {f"model-{name}.js" for name in MODELS} < {path.name for path in files}
    page, sheet = ((folder / name).read_text("utf-8") for name in ("index.html", "lab.css"))
    addresses = re.findall(r'(?:src|href)="([^"]+)"', page) + re.findall(r"url\(([^)]+)\)", sheet)
    assert addresses and not [a for a in addresses if re.match(r"/|(?!data:)\w+:", a.strip("'\""))]
    kept = json.loads(re.search(r"KEPT = (.*);", (folder / "service-worker.js").read_text("utf-8"))[1])[
        "files"
    ]
    assert {*kept} - {"./"} == {path.name for path in files} - {"index.html", "service-worker.js"}
    write_archive(files, tmp_path / "lab.zip")
    assert (tmp_path / "lab.zip").stat().st_size <= MOST_BYTES


@pytest.mark.parametrize("view", VIEWS)
def test_each_view_opens_measures_its_laws_and_breaks_them(page, address, view):
    page.goto(f"{address}?view={view}")
    Visit.shows(page, f"#{view}-meter .meter", "holds")
    page.locator(f"#{view}-break input").check()
    Visit.shows(page, f"#{view}-meter .meter", "broken")
    page.locator(f"#{view}-break input").uncheck()
    Visit.shows(page, f"#{view}-meter .meter", "holds")


@pytest.mark.parametrize("model", MODELS)
def test_a_drag_shows_what_torch_makes_of_it(page, address, model):
    page.goto(f"{address}?view=interpolate&model={model}")
    Visit.shows(page, "#interpolate-meter .meter", "holds")
    Visit.drag(page, HANDLES["interpolate"], 0.5, 0.8)
    t = float(page.locator(HANDLES["interpolate"]).input_value())
    assert 0.7 < t < 0.9
    Visit.shows(page, "#interpolate-stage .tiles", re.escape(f"{1 - t:.2f} x₁ + {t:.2f} x₂"))
    pair = pictures.examples(model)
    z = torch.tensor([1 - t, t], dtype=torch.float32) @ pictures.latents(pair, model)
    wanted = models.decode(z[None], model)[0, 0].clamp(0, 1)
    paper, ink = (255, 26) if model == "digits" else (0, 255)  # grey is ink on the paper of the theme
    wanted = (paper + (ink - paper) * (255 * wanted).round() / 255).round()
    shown = torch.tensor(page.evaluate(SHOWN, "interpolate-stage")[0]).reshape(wanted.shape)
    assert (shown - wanted).abs().max() <= LEVELS


def test_the_walk_is_seen_on_the_chart_also_where_it_strays(page, address):
    page.goto(f"{address}?view=latent_pca")
    Visit.shows(page, "#latent_pca-meter .meter", "holds")
    Visit.drag(page, HANDLES["latent_pca"], 0.5, 0.9)
    steps = float(page.locator(HANDLES["latent_pca"]).input_value())
    told = page.evaluate("lab.walk")
    assert 2 < steps < 4 and told == {
        "id": "latent_pca-scatter",
        "component": 0,
        "steps": steps,
        "picked": False,
    }
    page.locator("#latent_pca-break input").check()
    Visit.shows(page, "#latent_pca-meter .meter", "broken")
    (left, right) = json.loads(page.locator("#latent_pca-stage .tiles").get_attribute("data-at"))
    assert right is None and len(left["path"]) == 17
    slack = [a - b for a, b in zip(left["path"][8], [0, 0, 0])]  # in the middle it has not strayed
    assert max(map(abs, slack)) < 1e-2 < max(map(abs, left["cross"][1:]))


def test_from_a_disk_it_opens_too(page, folder):
    page.goto(f"{(folder / 'index.html').as_uri()}?view=interpolate")
    Visit.shows(page, "#interpolate-meter .meter", "holds")
    page.locator("#interpolate-digits .tile").nth(4).click()
    expect(page.locator("#interpolate-x1 .tiles")).not_to_have_attribute("data-state", "digits:318")
    Visit.shows(page, "#interpolate-meter .meter", "holds")


@pytest.mark.parametrize("language", ["en", "de"])
def test_the_tour_is_walked_as_far_as_the_page_can(page, address, language):
    page.goto(f"{address}?view=plane&lang={language}")
    Visit.shows(page, "#plane-meter .meter", "holds")
    page.locator("#start-tour").click()
    card = page.locator("#lesson .card")
    for number, stop in enumerate(TOUR, 1):
        expect(card).to_have_attribute("data-state", f"tour {number} asked")
        expect(page.locator("#lesson h2")).to_have_text(
            files.shipped("tour").word(f"{stop.id}.title", language)
        )
        for _ in range(2 if stop.question == "choice" else 1):  # marks the first choice, then takes it
            page.keyboard.press("ArrowRight")
        expect(card).to_have_attribute("data-state", f"tour {number} shown")
        expect(page.locator("#lesson .answer")).not_to_have_text(re.compile(r"\{|measuring"))
        if (
            stop.id == "values"
        ):  # of a picture with noise as its link says, then 8 values as the other one says
            expect(page.locator("#spectrum-stage")).to_contain_text("⊕ 0.3 ⊙")
            expect(page.locator("#spectrum-formula")).to_contain_text("8 terms")
        page.keyboard.press("ArrowRight")
    expect(card).to_be_hidden()


def test_a_link_says_how_a_view_was_opened_until_a_hand_moves_it(page, address):
    page.goto(f"{address}{TOUR[3].then}")
    Visit.shows(page, "#interpolate-meter .meter", "holds")
    Visit.carries(page, "#interpolate-link input", TOUR[3].then)
    Visit.drag(page, HANDLES["interpolate"], 0.5, 0.8)
    Visit.carries(page, "#interpolate-link input", "?view=interpolate")


def test_a_lesson_or_a_class_that_is_not_here_is_a_sentence(page, address):
    page.goto(f"{address}?view=plane&lesson=lecture")
    expect(page.locator("#lesson .lost")).to_have_text(re.compile(r"^This lesson cannot be had: .*\.$"))
    page.goto(f"{address}?view=plane&room=ABCDEF")
    expect(page.locator("#lesson .lost")).not_to_be_empty()


def test_it_can_be_installed_and_opens_without_a_network(page, address):
    page.goto(f"{address}?view=generate")
    Visit.shows(page, "#generate-meter .meter", "holds")
    page.evaluate("() => navigator.serviceWorker.ready.then(() => true)")
    devtools = page.context.new_cdp_session(page)
    told = devtools.send("Page.getAppManifest")
    assert told["errors"] == [] and json.loads(told["data"])["start_url"] == "./"
    assert (
        devtools.send("Page.getInstallabilityErrors")["installabilityErrors"] == []
    )  # Chromium's shell never has any
    for icon in json.loads(told["data"])["icons"]:
        size = page.evaluate(
            "async (a) => { const i = new Image(); i.src = a; await i.decode(); return `${i.width}x${i.height}`; }",
            icon["src"],
        )
        assert size == icon["sizes"]
    page.context.set_offline(True)
    page.goto(f"{address}?view=interpolate&model=faces")
    Visit.shows(page, "#interpolate-meter .meter", "holds")


def test_the_icon_is_the_drawing(page, address):
    page.goto(address)
    drawn, icon = (
        torch.tensor(page.evaluate(DRAWN, name)) for name in ("favicon.svg", f"icon-{manifest.NAMES[0]}.png")
    )
    assert (drawn - icon).abs().float().mean() < 1 < drawn.float().std()
