"""What changed since an earlier report, and the page that shows it."""

import json
import re
from html.parser import HTMLParser
from pathlib import Path

import pytest

from simulator.capacity.run import run_scenario
from simulator.errors import InputError
from simulator.report.changes import changes_since, read_earlier
from simulator.report.document import run_document
from simulator.report.hover import inline
from simulator.scenario.load import parse_scenario

ROOT = Path(__file__).parents[3]
PAGES = sorted((ROOT / "reports").glob("*/index.html"))


def document(mean: str, seed: int = 1) -> dict:
    """The document of a lone queue whose calls take so long on average."""
    asked = {
        "name": "lone",
        "seed": seed,
        "sla": {"qps": 50, "objectives": ["p99 < 200ms"]},
        "traffic": {"candidates": 1, "queries": 2_000, "replications": 8},
        "funnel": [{"name": "only", "cost": {"distribution": "exponential", "mean": mean}}],
    }
    return json.loads(json.dumps(run_document(run_scenario(parse_scenario(json.dumps(asked))), {})))


def lines(earlier: dict, now: dict) -> dict[str, tuple[str, ...]]:
    """The rows of what changed, by measure."""
    return {row[0]: row for row in changes_since(earlier, now).rows}


def test_the_same_run_changed_nothing():
    """A run beside itself differs by nothing, and luck explains all of it."""
    found = document("10ms")
    assert lines(found, found)["p99, ms"][3] == "+0 ±0 ~"


def test_a_slower_call_is_seen_through_the_luck():
    """1% more cost is told from luck where both met the same arrivals, and not where the seeds differ."""
    before, after, other = document("10ms"), document("10.1ms"), document("10.1ms", seed=2)
    assert lines(before, after)["mean, ms"][3].startswith("+")
    assert "~" not in lines(before, after)["mean, ms"][3]
    assert "~" in lines(before, other)["p99, ms"][3]
    assert "independent" in changes_since(before, other).note


@pytest.mark.parametrize("content", ["", "[]", '{"command": "capacity"}'])
def test_what_is_no_report_is_said(tmp_path, content):
    """Anything but a run's document is one message with what to give."""
    path = tmp_path / "old.json"
    path.write_text(content)
    with pytest.raises(InputError, match=r"report\.json"):
        read_earlier(path)


class Page(HTMLParser):
    """What a page loads, runs, names and shows."""

    def __init__(self) -> None:
        super().__init__()
        self.addresses, self.scripts, self.ids, self.drawings, self.headings = [], 0, [], [], []

    def handle_starttag(self, tag, attrs):
        """Note a tag."""
        given = dict(attrs)
        self.scripts += tag == "script"
        self.addresses += [value for name, value in attrs if name in ("src", "href", "xlink:href", "srcset")]
        self.ids += [given["id"]] if "id" in given else []
        if tag == "svg":
            self.drawings.append(given)
        if re.fullmatch("h[1-6]", tag):
            self.headings.append(int(tag[1]))


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.parent.name)
def test_pages_stand_alone_and_can_be_read_by_all(path):
    """A page is under 1.5 MB, loads nothing, runs nothing, names each part once, and says what each drawing shows."""
    text = path.read_text()
    page = Page()
    page.feed(text)
    assert len(text.encode()) < 1_500_000
    assert 'http-equiv="Content-Security-Policy"' in text
    assert page.scripts == 0
    assert all(address.startswith(("#", "data:image/png")) for address in page.addresses)
    assert len(page.ids) == len(set(page.ids))
    assert page.headings[0] == 1
    assert all(after <= before + 1 for before, after in zip(page.headings, page.headings[1:], strict=False))
    assert all(len(drawing["aria-label"]) > 40 and drawing["role"] == "img" for drawing in page.drawings)
    assert "How to get the same numbers" in text


def test_a_drawing_takes_the_readers_colours_and_keeps_its_ids_apart():
    """Colours become variables of the page, ids carry the drawing's name, and what it says is escaped."""
    svg = (
        b'<?xml version="1.0"?><svg width="9pt" height="9pt" viewBox="0 0 9 9">'
        b'<g id="a" style="fill: #1a1a1a; clip-path: url(#b)"/></svg>'
    )
    found = inline(svg, "plot", "p99 < 5 ms", '<circle r="5"/>')
    assert 'id="plot-a"' in found
    assert "url(#plot-b)" in found
    assert "var(--plot-ink)" in found
    assert 'aria-label="p99 &lt; 5 ms"' in found
    assert found.endswith('<circle r="5"/></svg>')
    assert "width=" not in found
