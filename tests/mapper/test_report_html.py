"""The HTML page as text: self-contained, safe, small."""

from __future__ import annotations

import json
import re
from html.parser import HTMLParser

import pytest
from browser.synthetic import report

from tilewright.mapper.report.html import to_html

EVIL = (
    "</script><script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    "\"'&amp;`${1}{{7*7}}",
    "n" * 200,
)


class Page(HTMLParser):
    """Tags, their attributes, and the text inside `script` elements."""

    def __init__(self, text):
        super().__init__()
        self.tags, self.attributes, self.scripts, self._inside = [], [], [], False
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.attributes += [(tag, *attribute) for attribute in attrs]
        self._inside = tag == "script"
        if self._inside:
            self.scripts.append("")

    def handle_endtag(self, tag):
        self._inside = False

    def handle_data(self, data):
        if self._inside:
            self.scripts[-1] += data


def test_names_stay_text():
    plain, evil = Page(to_html(report(4))), Page(to_html(report(4, EVIL)))
    assert evil.tags == plain.tags
    data = json.loads(evil.scripts[0])
    assert [op["name"] for op in data["ops"]] == list(EVIL)


def test_the_embedded_json_is_the_report():
    of = report(6, missing=1)
    assert json.loads(Page(to_html(of)).scripts[0]) == json.loads(of.to_json())


def test_needs_no_other_file():
    page = Page(to_html(report(3)))
    links = {value for _, name, value in page.attributes if name in {"src", "href", "action"}}
    assert {link for link in links if not link.startswith(("#", "data:"))} == set()
    assert not re.search(r"@import|url\(", to_html(report(3)))


@pytest.mark.parametrize(("layers", "limit_bytes"), [(1, 60_000), (50, 400_000), (500, 3_000_000)])
def test_is_small(layers, limit_bytes):
    assert len(to_html(report(layers)).encode()) < limit_bytes


def test_says_what_is_not_mapped():
    text = " ".join(to_html(report(3, missing=2)).split())
    assert "<b>2</b> operators not mapped: <b>0 %</b> of the MACs" in text
    assert "the order of its outputs depends on values" in text
    assert "not mapped" not in to_html(report(3)).split("<script", 1)[0]


def test_nothing_mapped_is_said():
    text = to_html(report(0, missing=1))
    assert "Nothing could be mapped." in text
    assert 'id="operators"' not in text
