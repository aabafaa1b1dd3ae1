"""Debian's Chromium on the pages in `reports/`, as `make test-browser` has built them."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from importlib.resources import files
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, sync_playwright

REPORTS = Path(__file__).parents[2] / "reports"
SCREENS = REPORTS / ".screens"
#: Names another Chromium or Chrome than the one on the PATH.
VARIABLE = "CHROMIUM"
NAMES = ("chromium", "chromium-browser", "google-chrome")
ARGUMENTS = (
    *("--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"),
    *("--disable-background-networking", "--disable-component-update", "--disable-sync"),
)
DESKTOP, PHONE = {"width": 1280, "height": 900}, {"width": 390, "height": 844}


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    found = os.environ.get(VARIABLE) or next(filter(None, map(shutil.which, NAMES)), None)
    if not found:
        pytest.exit(
            f"no Chromium on the PATH: `apt-get install chromium`, or name one in ${VARIABLE}", 1
        )
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=found, args=list(ARGUMENTS))
        yield browser
        browser.close()


@pytest.fixture(scope="session")
def axe() -> str:
    """The source of axe-core, as it comes with its Python package."""
    return (files("axe_playwright_python") / "axe.min.js").read_text(encoding="utf-8")


@pytest.fixture
def reader(chromium: Browser) -> Iterator:
    """Opens a page of the reports as a reader has it set up; gives the browser's page."""
    contexts = []

    def opened(name: str, *, size: dict[str, int] = DESKTOP, **settings) -> Page:
        context = chromium.new_context(viewport=size, **settings)
        contexts.append(context)
        page = context.new_page()
        page.goto(address(name))
        return page

    yield opened
    for context in contexts:
        context.close()


def address(name: str) -> str:
    return (REPORTS / f"{name}.html").as_uri()


def keep(page: Page, name: str) -> None:
    """A picture of the whole page for people to look at; no test reads it."""
    SCREENS.mkdir(parents=True, exist_ok=True)
    page.screenshot(path=SCREENS / f"{name}.png", full_page=True)


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """`name` runs over every page, the index among them."""
    if "name" in metafunc.fixturenames:
        metafunc.parametrize("name", sorted(path.stem for path in REPORTS.glob("*.html")))


@pytest.fixture(name="keep")
def keep_screen():
    return keep


@pytest.fixture
def phone() -> dict[str, int]:
    return PHONE


@pytest.fixture
def reports() -> Path:
    return REPORTS
