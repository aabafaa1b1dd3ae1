"""Hostile text in outputs, prose and pictures stays inert."""

import re
from pathlib import Path

import pytest
from bs4 import BeautifulSoup

from notebook_build import BuildError
from notebook_build.prose import Prose
from notebook_build.safe_html import safe_html
from notebook_build.safe_svg import safe_svg
from notebook_build.tables import rows_table

CORPUS = Path(__file__).parents[1] / "hostile_strings.txt"
HOSTILE_HTML = CORPUS.read_text(encoding="utf-8").splitlines()
#: Elements that run, load, or send.
ACTING = set(
    "script style iframe object embed form input button img video audio link meta base svg".split()
)
INERT_SCHEMES = {"", "http", "https", "mailto"}


def acts(html: str) -> list[str]:
    """What in the HTML could run, load or send without a reader's click on an open link."""
    found = []
    for element in BeautifulSoup(html, "lxml").find_all(True):
        if element.name in ACTING:
            found.append(element.name)
        for name, value in element.attrs.items():
            if name == "href":
                address = re.sub(r"[\x00-\x20]", "", value).lower()
                scheme = re.match(r"([a-z][a-z0-9+.-]*):", address)
                if (scheme.group(1) if scheme else "") not in INERT_SCHEMES:
                    found.append(value)
            elif name.startswith("on") or name in (
                "style",
                "src",
                "srcset",
                "action",
                "xlink:href",
            ):
                found.append(name)
    return found


@pytest.mark.parametrize("hostile", HOSTILE_HTML)
def test_hostile_html_is_inert(hostile):
    assert acts(safe_html(hostile)) == []


@pytest.mark.parametrize("hostile", HOSTILE_HTML)
def test_hostile_markdown_is_inert(hostile):
    for markdown in (
        hostile,
        f"text {hostile} text",
        f"# {hostile}",
        f"|a|\n|-|\n|{hostile}|",
        f"${hostile}$",
    ):
        assert acts(Prose().html(markdown)) == []


@pytest.mark.parametrize("hostile", HOSTILE_HTML)
def test_a_hostile_source_row_is_inert(hostile):
    assert acts(rows_table([["publisher", hostile], [hostile, hostile]], hostile)) == []


@pytest.mark.parametrize(
    "active",
    [
        "<script>x</script>",
        "<p onclick=x>",
        "<a href='java\tscript:x'>x</a>",
        "<p style='color:red'>",
        "<img src=x>",
        "<a href='data:text/html,x'>x</a>",
    ],
)
def test_what_acts_would_be_seen(active):
    assert acts(active)


@pytest.mark.parametrize(
    "address", ["javascript:alert(1)", "JaVaScript:alert(1)", "data:text/html,x", "vbscript:x"]
)
def test_a_hostile_link_in_markdown_leads_nowhere(address):
    html = Prose().html(f"[x]({address}) and <{address}>")
    assert not re.search(r"href=\"[a-z]+:", html, re.IGNORECASE)


def test_a_picture_in_markdown_calls_nothing():
    assert "evil" not in Prose().html("![words](https://evil.example/x.png)")


def test_a_dataframe_table_passes_whole():
    table = (
        "<table><thead><tr><th></th><th>month</th></tr></thead>"
        "<tbody><tr><th>0</th><td>1.5</td></tr></tbody></table>"
    )
    assert safe_html(f"<div><style scoped>td {{}}</style>{table}</div>") == f"<div>{table}</div>"


def svg(content, attributes=""):
    return (
        '<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" '
        f'viewBox="0 0 9 9" {attributes}>{content}</svg>'
    )


@pytest.mark.parametrize(
    "hostile",
    [
        svg("<script>alert(1)</script>"),
        svg("<g onclick='alert(1)'/>"),
        svg("", "onload='alert(1)'"),
        svg(
            "<foreignObject><body xmlns='http://www.w3.org/1999/xhtml'><script/></body></foreignObject>"
        ),
        svg("<a xlink:href='javascript:alert(1)'><text>x</text></a>"),
        svg("<use xlink:href='https://evil.example/x.svg#a'/>"),
        svg("<image xlink:href='https://evil.example/x.png'/>"),
        svg("<image href='data:image/svg+xml;base64,PHN2Zz4='/>"),
        svg("<rect style='fill:url(https://evil.example)'/>"),
        svg("<rect style='fill:u\\72l(https://evil.example)'/>"),
        svg("<style>@import url(https://evil.example)</style>"),
        svg("<set attributeName='href' to='javascript:alert(1)'/>"),
        svg("<animate attributeName='href' values='javascript:alert(1)'/>"),
    ],
)
def test_hostile_svg_is_inert(hostile):
    made = safe_svg(hostile, "f", "words")
    assert not re.search(
        r"script|\son\w+=|foreignObject|evil|<set|<animate|<style|svg\+xml", made, re.IGNORECASE
    )


@pytest.mark.parametrize(
    "broken",
    [
        "<svg",
        "<p>x</p>",
        '<!DOCTYPE s [<!ENTITY a "b">]><svg xmlns="http://www.w3.org/2000/svg">&a;</svg>',
    ],
)
def test_what_is_no_plain_svg_is_refused(broken):
    with pytest.raises(BuildError, match="figure f"):
        safe_svg(broken, "f", "words")


def test_ids_and_what_points_to_them_get_the_prefix():
    made = safe_svg(
        svg(
            "<defs><clipPath id='c'/><path id='m'/></defs><g clip-path='url(#c)'>"
            "<use xlink:href='#m' style='fill: url(#c); stroke: #333'/></g>"
        ),
        "fall",
        "words",
    )
    assert 'id="fall-c"' in made
    assert 'clip-path="url(#fall-c)"' in made
    assert 'href="#fall-m"' in made
    assert "fill: url(#fall-c); stroke: #333" in made


def test_a_picture_scales_and_has_a_name():
    made = safe_svg(
        '<svg xmlns="http://www.w3.org/2000/svg" width="20pt" height="10pt"/>', "f", 'a "b" <c>'
    )
    assert 'viewBox="0 0 20 10"' in made
    assert "width=" not in made
    assert 'aria-label="a &quot;b&quot; &lt;c&gt;"' in made
