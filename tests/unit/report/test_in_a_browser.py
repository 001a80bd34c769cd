"""The committed pages in a real browser: they fit a phone and a desk, and the browser says nothing against them."""

from pathlib import Path

import pytest

PAGES = sorted((Path(__file__).parents[3] / "reports").glob("*/index.html"))


@pytest.mark.parametrize("width", [390, 1280])
def test_pages_fit_and_break_no_policy(browser, width):
    """No page is wider than its window, asks for anything that its policy forbids, or logs an error."""
    assert PAGES
    page, said = browser.new_page(viewport={"width": width, "height": 800}), []
    page.on("console", lambda message: said.append(message.text))
    page.on("pageerror", lambda error: said.append(str(error)))
    for path in PAGES:
        page.goto(path.as_uri())
        assert page.evaluate("document.documentElement.scrollWidth") <= width, path.parent.name
        assert said == [], path.parent.name
    page.close()
