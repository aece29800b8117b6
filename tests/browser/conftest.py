"""Every test in this folder drives the lab in headless Chromium and carries the mark `browser`."""

from pathlib import Path

import pytest

from tests.browser.visits import _pocket, _screen, browser, phone, playwright_api, visit

__all__ = ["_pocket", "_screen", "browser", "phone", "playwright_api", "visit"]  # the fixtures

HERE = Path(__file__).parent


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if HERE in item.path.parents:
            item.add_marker(pytest.mark.browser)
