"""A page from an executed notebook, without a kernel."""

import json
import re
from xml.etree import ElementTree

import nbformat
import pytest

from notebook_build import FIGURE, FINDING, BuildError
from notebook_build.render import ROWS_SHOWN, TEMPLATES, data_files, read_page, render

PROVENANCE = {
    "notebook": "a" * 64,
    "parameters": {"flow": "import"},
    "inputs": {"data/in.csv": "b" * 64},
    "modules": {"src/shop.py": "c" * 64},
    "lock": "d" * 64,
    "lock_name": "requirements.lock",
    "python": "3.12.1",
    "libraries": {"pandas": "3.1.1"},
    "tables": {"data/in.csv": "tables/data/in.csv"},
    "corrections": {"path": "data/fixes.yml", "hash": "e" * 64, "count": 3},
    "citation": "A. Author: Shop. Version 1.",
}


def executed(*cells):
    notebook = nbformat.v4.new_notebook()
    for number, (kind, text, tags, outputs) in enumerate(cells):
        make = nbformat.v4.new_markdown_cell if kind == "md" else nbformat.v4.new_code_cell
        cell = make(text, id=f"c{number}", metadata={"tags": tags})
        if kind == "code":
            cell.outputs = [nbformat.from_dict(output) for output in outputs]
        notebook.cells.append(cell)
    return notebook


def page_of(*cells):
    notebook = executed(*cells)
    page = read_page(notebook, "02_b", "The title", "The question?", "Shop", PROVENANCE)
    return page, render(page, notebook)


def shown(**bundle):
    return {"output_type": "display_data", "metadata": {}, "data": bundle}


def test_a_page_holds_its_argument_in_order(figure):
    page, html = page_of(
        ("md", "# Its own title\n\nWe ask.", [], []),
        ("code", "flow = 'import'", ["parameters"], []),
        ("md", "## We look", [], []),
        (
            "code",
            "# draw\nfrom shop.drawing import fall\nfall(prices)",
            [],
            [shown(**{FIGURE: figure(), "text/plain": "fallback"})],
        ),
        (
            "code",
            "tell()",
            [],
            [shown(**{FINDING: {"id": "f", "sentence": "It fell <5 %."}, "text/plain": "x"})],
        ),
    )
    assert html.count("<h1>") == 1
    assert "The title" in html
    assert "Its own title" not in html
    order = [
        html.index(text)
        for text in ("The question?", 'id="findings"', "We ask.", 'id="we-look"', "Prices fell")
    ]
    assert order == sorted(order)
    assert '<a href="#we-look">We look</a>' in html
    assert "It fell &lt;5&nbsp;%." in html
    assert 'href="#finding-f"' in html
    assert 'id="finding-f"' in html
    assert 'href="data/02_b-fall.csv"' in html
    assert '<a href="#code-4">How it was made</a>: cell 4, <code>shop.drawing.fall</code>' in html
    # Inside the folded code, so that the link opens it.
    assert html.index('<details class="code">', html.index('id="cell-4"')) < html.index(
        '<pre id="code-4"'
    )
    assert 'aria-label="A falling line"' in html
    assert "fallback" not in html
    files = data_files(page)
    assert files["data/02_b-fall.csv"] == b"\xef\xbb\xbfday,price\n1,3\n2,1\n"
    picture = ElementTree.fromstring(files["data/02_b-fall.svg"])
    assert picture.tag == "{http://www.w3.org/2000/svg}svg"
    (found,) = json.loads(files["findings/02_b.json"])
    assert (found["sentence"], found["anchor"]) == ("It fell <5 %.", "finding-f")
    assert [(one["kind"], one["cell"]) for one in page.exhibits] == [
        ("figure", "4"),
        ("finding", "5"),
    ]


def test_code_is_folded_and_no_script_runs():
    _, html = page_of(("code", "x = '<script>alert(1)</script>'", [], []))
    assert '<details class="code">' in html
    assert not re.search(r"<details[^>]*\sopen", html)
    assert "<script" not in html
    assert "default-src 'none'" in html


def test_a_check_shows_its_label_and_no_output():
    noise = {"output_type": "stream", "name": "stdout", "text": "noise"}
    _, html = page_of(("code", "assert fell", ["check"], [noise]))
    assert "<summary>Checks" in html
    assert "noise" not in html


def test_text_outputs_are_escaped_and_warnings_folded():
    streams = [
        {"output_type": "stream", "name": "stdout", "text": "<b>5</b> \x1b[31mred\x1b[0m"},
        {"output_type": "stream", "name": "stderr", "text": "careful"},
    ]
    _, html = page_of(("code", "print()", [], streams))
    assert "&lt;b&gt;5&lt;/b&gt; red</pre>" in html
    assert "<summary>Messages</summary>" in html


def test_provenance_names_content_and_no_time():
    _, html = page_of(("md", "text", [], []))
    hashes = [letter * 16 for letter in "abcde"]
    for part in (*hashes, "3.1.1", "flow", "Corrections (3)", "A. Author: Shop. Version 1."):
        assert part in html
    assert '<a href="tables/data/in.csv">data/in.csv</a>' in html


@pytest.mark.parametrize("kind", [FIGURE, FINDING])
def test_an_id_used_twice_is_refused(figure, kind):
    payload = figure(sentence="It fell.")
    again = ("code", "show()", [], [shown(**{kind: payload})])
    with pytest.raises(BuildError, match="cell 2: the id 'fall' is taken"):
        page_of(again, again)


def test_the_page_calls_no_other_file_and_its_style_is_small():
    _, html = page_of(("md", "[out](https://example.org)", [], []))
    addresses = html.replace('href="https://example.org"', "")
    assert "http://" not in addresses
    assert "https://" not in addresses
    assert (TEMPLATES / "style.css").stat().st_size <= 20_000


def test_a_finding_shows_its_source_rows_and_offers_all_of_them():
    rows = "publisher,source\n" + "KBS,https://example.org/x\n" * (ROWS_SHOWN + 2)
    finding = {"id": "f", "sentence": "It fell.", "value": -3.2, "unit": "%", "csv": rows}
    page, html = page_of(("code", "tell()", [], [shown(**{FINDING: finding})]))
    assert f"<summary>Source rows ({ROWS_SHOWN + 2})</summary>" in html
    assert html.count(">example.org</a>") == ROWS_SHOWN
    assert "2 more are in the file" in html
    assert 'href="data/rows/02_b-f.csv"' in html
    content = data_files(page)["data/rows/02_b-f.csv"]
    assert content.startswith(b"\xef\xbb\xbfpublisher")
    assert content.count(b"KBS") == ROWS_SHOWN + 2


def test_a_finding_without_rows_leads_to_the_tables_that_the_page_read():
    finding = {"id": "f", "sentence": "It fell."}
    _, html = page_of(("code", "tell()", [], [shown(**{FINDING: finding})]))
    assert 'Computed from <a href="tables/data/in.csv">in.csv</a>' in html


def test_tables_are_numbered_through_and_take_the_cells_opening_words():
    table = "<table><tr><td>1</td></tr></table>"
    _, html = page_of(
        ("md", "## Prices\n\n|a|\n|-|\n|1|", [], []),
        ("code", "# What was read\nframe", [], [shown(**{"text/html": table})]),
        ("code", "frame", [], [shown(**{"text/html": table})]),
    )
    for caption in (
        "<b>Table 1</b>. Prices",
        "<b>Table 2</b>. What was read",
        "<b>Table 3</b>. Pr",
    ):
        assert caption in html
    assert html.count("What was read") == 3  # the caption, the box's name and the code itself
