"""A model of one's own in the browser: two files, the buttons of all views, F5, and another visitor who sees none of it."""

import re

import pytest
import torch
from playwright.sync_api import expect

from tests import own_models

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    torch.set_default_dtype(torch.float32)
    folder = own_models.saved(tmp_path_factory.mktemp("own"), own_models.plain((3, 16, 16)))
    return [folder / "config.json", folder / "model.safetensors"]


def test_a_visitor_brings_a_model_and_no_other_sees_it(visit, phone, files):
    page = visit.open("?view=interpolate")
    page.locator("#own-model button").first.click()
    with page.expect_file_chooser() as chooser:
        page.locator("#own-model-files").click()
    chooser.value.set_files(files[:1])
    said = page.locator("#own-model-said")
    expect(said).to_contain_text("Choose two files together")
    with page.expect_file_chooser() as chooser:
        page.locator("#own-model-files").click()
    chooser.value.set_files(files)
    came = "for pictures of 3×16×16, is among the models of Interpolate, Spectrum, Latent PCA"
    expect(said).to_contain_text(came, timeout=400_000)  # a process of its own is started
    expect(said).to_contain_text("Project takes latent axes in order of importance")
    page.locator("#interpolate-model").get_by_label("yours").check()
    page.wait_for_url(re.compile("model=own-"))
    visit.shows(page, "#interpolate-meter .meter", "holds")
    visit.reload(page)
    expect(page.locator("#interpolate-model label:has(input:checked)")).to_have_text("yours")
    visit.shows(page, "#interpolate-meter .meter", "holds")
    page.get_by_role("tab", name="Spectrum").click()
    page.locator("#spectrum-model").get_by_label("yours").check()
    page.wait_for_url(re.compile("view=spectrum.*model=own-"))
    visit.shows(page, "#spectrum-meter .meter", "holds")
    page.get_by_role("tab", name="Project").click()
    expect(page.locator("#project-model")).to_contain_text("Not offered here: yours")
    visit.quiet(page)
    other = phone.open("?view=spectrum")
    assert "yours" not in other.locator("#spectrum-model").inner_text() and "own-" not in other.content()
    assert not visit.scrolls_sideways(other)
    visit.quiet(page)
