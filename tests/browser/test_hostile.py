"""Hostile strings wherever a notebook takes text from data: nothing in the pages acts.

Each page is opened as it is, and once more without its content security policy, so that the
cleaning has to hold by itself.
"""

from __future__ import annotations

import csv
import io
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

CORPUS = Path(__file__).parents[1] / "hostile_strings.txt"
HOSTILE = CORPUS.read_text(encoding="utf-8").splitlines()
#: What hands each hostile string to its page in every form that a notebook has.
CELLS = [
    """
import json, sys
from html import escape
from pathlib import Path
import pandas as pd
from IPython.display import HTML, Latex, Markdown, display
FIGURE = "application/vnd.notebook-build.figure.v1+json"
FINDING = "application/vnd.notebook-build.finding.v1+json"
hostile = json.loads(Path("data/hostile.json").read_text(encoding="utf-8"))
products = pd.read_csv("data/products.csv")
""",
    "products",
    "display(HTML(products.to_html(escape=False)))",
    """
for text in hostile:
    display(HTML(text), Markdown(text), Markdown("# " + text))
    display(Markdown("|a|\\n|-|\\n|" + text + "|"))
    display(Latex("$" + text + "$"), {"text/plain": text}, raw=False)
    print(text)
    print(text, file=sys.stderr)
""",
    """
for number, text in enumerate(hostile):
    attribute = escape(text)
    svg = (
        '<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" '
        'viewBox="0 0 99 20" onload="alert(1)"><script>alert(1)</script>'
        '<foreignObject><img xmlns="http://www.w3.org/1999/xhtml" src="x" onerror="alert(1)"/>'
        '</foreignObject><a xlink:href="javascript:alert(1)"><text y="9">go</text></a>'
        '<image xlink:href="https://evil.example/x.png" width="9" height="9"/>'
        '<style>@import "https://evil.example";</style>'
        '<animate attributeName="x" begin="0s" dur="1s" onbegin="alert(1)"/>'
        '<rect style="fill:url(https://evil.example/x)" width="9" height="9"/>'
        f'<text y="15" class="{attribute}" id="{attribute}">{attribute}</text></svg>'
    )
    rows = pd.DataFrame({"publisher": [text], "source": ["javascript:alert(1)"], text: [text]})
    payload = dict.fromkeys(("title", "subtitle", "source", "note", "alt"), text)
    payload |= {"id": f"f{number}", "svg": svg, "csv": rows.to_csv(index=False)}
    display({FIGURE: payload, "text/plain": text}, raw=True)
    payload = {"id": f"s{number}", "sentence": text, "unit": text, "value": 1.0, "lower": 0.0}
    payload |= {"upper": 2.0, "level": 0.9, "csv": rows.to_csv(index=False)}
    display({FINDING: payload, "text/plain": text}, raw=True)
""",
]


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project whose every text is hostile, built by the real builder."""
    root = tmp_path_factory.mktemp("hostile")
    (root / "data").mkdir()
    (root / "data" / "hostile.json").write_text(json.dumps(HOSTILE), encoding="utf-8")
    table = io.StringIO()
    csv.writer(table).writerows([["product", "value"], *([text, 1] for text in HOSTILE)])
    (root / "data" / "products.csv").write_text(table.getvalue(), encoding="utf-8")
    every = " ".join(HOSTILE)
    cells = [
        {"cell_type": "code", "source": "", "metadata": {"tags": ["parameters"]}},
        {"cell_type": "markdown", "source": "\n\n".join(["# x", *HOSTILE]), "metadata": {}},
        *({"cell_type": "code", "source": text, "metadata": {}} for text in CELLS),
    ]
    for number, cell in enumerate(cells):
        cell["id"] = f"c{number}"
        if cell["cell_type"] == "code":
            cell |= {"outputs": [], "execution_count": None}
    declared = {"title": every, "question": every, "inputs": ["data/*.csv", "data/*.json"]}
    content = {"cells": cells, "metadata": {"notebook_build": declared}}
    content |= {"nbformat": 4, "nbformat_minor": 5}
    (root / "notebooks").mkdir()
    (root / "notebooks" / "hostile.ipynb").write_text(json.dumps(content), encoding="utf-8")
    settings = {"title": every, "question": every}
    lines = [f"{name} = {json.dumps(value)}" for name, value in settings.items()]
    status = f"[[tool.notebook_build.status]]\nlabel = {json.dumps(every)}\n"
    status += 'table = "data/products.csv"\n'
    (root / "pyproject.toml").write_text(
        "[tool.notebook_build]\n" + "\n".join(lines) + "\n" + status, encoding="utf-8"
    )
    citation = {"title": every, "authors": [{"name": every}], "version": every}
    (root / "CITATION.cff").write_text(json.dumps(citation), encoding="utf-8")
    built = subprocess.run(
        [sys.executable, "-m", "notebook_build", "--root", str(root), "all"],
        env=dict(os.environ),
        capture_output=True,
        text=True,
        check=False,
    )
    assert built.returncode == 0, built.stdout + built.stderr
    return root


@pytest.mark.parametrize("page_name", ["index", "hostile"])
@pytest.mark.parametrize("policy", ["with its policy", "without its policy"])
def test_nothing_acts(root, page_name, policy, chromium):
    context = chromium.new_context(bypass_csp=policy == "without its policy")
    page = context.new_page()
    events = []
    page.on("dialog", lambda dialog: (events.append("dialog"), dialog.dismiss()))
    page.on("request", lambda request: events.append(request.url))
    page.on("popup", lambda popup: events.append("popup"))
    page.on("pageerror", lambda error: events.append(str(error)))
    address = (root / "reports" / f"{page_name}.html").as_uri()
    page.goto(address)
    page.evaluate("document.querySelectorAll('details').forEach(part => part.open = true)")
    # Handlers that wait for the pointer, the focus or the end of something get their chance.
    page.evaluate(
        """() => document.querySelectorAll('main *, header *, footer *').forEach(part => {
            for (const kind of ['mouseover', 'focus', 'toggle', 'load', 'error', 'begin'])
                part.dispatchEvent(new Event(kind, {bubbles: false}));
            if (part instanceof SVGAElement) part.dispatchEvent(new MouseEvent('click'));
        })"""
    )
    page.mouse.move(200, 300)
    page.wait_for_timeout(300)
    assert events == [address]
    assert page.url == address
    assert (
        page.evaluate(
            """[...document.querySelectorAll('script, iframe, object, embed, form, img, video')]
        .map(part => part.outerHTML)"""
        )
        == []
    )
    allowed = ("file:", "http:", "https:", "mailto:")
    links = page.evaluate("[...document.querySelectorAll('[href]')].map(part => part.href)")
    assert [link for link in links if isinstance(link, str) and not link.startswith(allowed)] == []
    context.close()


def test_the_text_itself_is_still_there_to_read(root, chromium):
    page = chromium.new_page()
    page.goto((root / "reports" / "hostile.html").as_uri())
    told = page.locator("section.findings").inner_text()
    for text in HOSTILE:
        assert " ".join(text.split()) in " ".join(told.split()).replace("\u00a0", " ")
    page.close()


def test_no_download_holds_a_formula(root):
    files = list((root / "reports").rglob("*.csv"))
    assert len(files) > len(HOSTILE)
    for file in files:
        for row in csv.reader(io.StringIO(file.read_text(encoding="utf-8-sig"))):
            assert not [entry for entry in row if entry.startswith(("=", "@", "+1+"))], file


def test_an_act_would_be_seen(chromium, tmp_path):
    """The watch itself: a page without cleaning and policy trips it."""
    (tmp_path / "open.html").write_text("<img src=x onerror=alert(1)>")
    page = chromium.new_page()
    events = []
    page.on("dialog", lambda dialog: (events.append("dialog"), dialog.dismiss()))
    page.goto((tmp_path / "open.html").as_uri())
    page.wait_for_timeout(300)
    assert events == ["dialog"]
    page.close()
