"""Prose keeps its headings, equations and links."""

import pytest

from notebook_build.prose import Prose
from notebook_build.tables import readable_tables, rows_table


def test_headings_get_anchors_of_their_own():
    page = Prose()
    html = page.html("## What fell?\n\n## What fell?\n\n### Über 中文\n\n## Findings")
    anchors = [heading.anchor for heading in page.headings]
    assert anchors == ["what-fell", "what-fell-2", "über-中文", "findings-2"]
    assert all(f'id="{anchor}"' in html for anchor in anchors)


@pytest.mark.parametrize("tex", [r"$\hat\beta_1$", r"$$y = \frac{a}{b}$$", "$x$"])
def test_equations_become_mathml(tex):
    html = Prose().html(f"We estimate {tex} here.")
    assert "<math" in html
    assert "$" not in html


@pytest.mark.parametrize(
    "text",
    ["from $19 million to $20 million", "costs $5, then $6.", "between $3 and $4 a barrel"],
)
def test_money_is_no_equation(text):
    assert text in Prose().html(text).replace("\N{NO-BREAK SPACE}", " ")


def test_an_equation_that_cannot_be_converted_stays_readable():
    html = Prose().html(r"see $\frac{a}$ there")
    assert "there" in html
    assert "frac" in html or "<math" in html


def test_a_link_to_a_notebook_leads_to_its_page():
    html = Prose().html("[next](02_b.ipynb#look) [out](https://example.org/x.ipynb)")
    assert 'href="02_b.html#look"' in html
    assert 'href="https://example.org/x.ipynb"' in html


def test_columns_of_numbers_are_aligned_with_their_heading():
    html, count = readable_tables(
        "<table><thead><tr><th></th><th>month</th><th>usd_mn</th></tr></thead><tbody>"
        "<tr><th>0</th><td>2018-08</td><td>1,019.2</td></tr>"
        "<tr><th>1</th><td>Aug 2018</td><td>NaN</td></tr></tbody></table>"
    )
    assert count == 1
    assert '<th class="number" scope="col">usd_mn</th>' in html
    assert '<td class="number">1,019.2</td>' in html
    assert '<th scope="col">month</th>' in html
    assert '<td><span class="whole">2018-08</span></td>' in html
    assert '<th scope="row">0</th>' in html
    assert '<td class="number">–</td>' in html
    assert 'role="region"' in html


def test_every_table_has_a_caption_and_a_number():
    own = "<table><caption>Its own</caption><tr><td>1</td></tr></table>"
    html, count = readable_tables(own + "<table><tr><td>1</td></tr></table>", "Given", first=3)
    assert count == 2
    assert "<caption><b>Table 3</b>. Its own</caption>" in html
    assert "<caption><b>Table 4</b>. Given</caption>" in html
    assert 'aria-label="Table 4. Given"' in html
    assert readable_tables("<p>x</p>", "Given") == ("<p>x</p>", 0)


def test_a_subject_is_the_heading_above_in_plain_text():
    page = Prose()
    assert page.subject == ""
    page.html('## "Down" & *out*')
    assert page.subject == '"Down" & out'


@pytest.mark.parametrize("heading", ["Code 4", "Finding f", "Cell 1", "Tables"])
def test_a_heading_takes_no_anchor_of_the_pages_own(heading):
    page = Prose()
    page.html(f"## {heading}")
    taken = {"code-4", "finding-f", "cell-1", "tables"}
    assert page.headings[0].anchor not in taken


def test_source_rows_are_escaped_and_their_addresses_link():
    html = rows_table(
        [
            ["publisher", "source"],
            ["<b>KBS</b>", 'https://example.org/a?b="c'],
            ["x", "javascript:1"],
            ["y", "https://example.org/a?b=1&c=2"],
            ["z", "https://[broken"],
        ],
        "Rows of <x>",
    )
    assert "&lt;b&gt;KBS&lt;/b&gt;" in html
    assert html.count("<a ") == 1
    assert 'href="https://example.org/a?b=1&amp;c=2"' in html
    assert ">example.org</a>" in html
    assert "<caption>Rows of &lt;x&gt;</caption>" in html


def test_the_name_of_the_rows_stands_beside_those_of_the_columns():
    html, _ = readable_tables(
        "<table><thead><tr><th></th><th>rows</th></tr><tr><th>file</th><th></th></tr></thead>"
        "<tbody><tr><th>a.csv</th><td>4</td></tr></tbody></table>"
    )
    assert html.count("<tr>") == 2
    assert (
        '<thead><tr><th scope="col">file</th><th class="number" scope="col">rows</th></tr>' in html
    )


def test_heads_of_two_meanings_stay_two_lines():
    both = "<tr><th>a</th><th>b</th></tr>"
    html, _ = readable_tables(f"<table><thead>{both}{both}</thead></table>")
    assert html.count("<tr>") == 2


@pytest.mark.parametrize(
    ("text", "is_one"),
    [
        ("−39 (−57 to −18)", True),
        ("2,815 (2,111 to 4,072) %", True),
        ("8.5", True),
        ("1,970 to 4,535", True),
        ("-21 to +190 %", True),
        ("5 (five to six)", False),
        ("5 to six", False),
        ("2 of 3 (1 to 2)", False),
        ("2018-01", False),
    ],
)
def test_a_number_with_its_interval_is_a_number(text, is_one):
    html, _ = readable_tables(f"<table><tr><td>{text}</td></tr></table>")
    assert ('class="number"' in html) == is_one


def test_a_table_tells_signs_and_truth_as_print_does():
    html, _ = readable_tables(
        "<table><tr><td>-5.5</td><td>True</td><td>2-1</td></tr>"
        "<tr><td>3</td><td>False</td><td>a</td></tr></table>"
    )
    linked = '<table><tr><td><a href="x.html">-5</a></td></tr></table>'
    assert '<a href="x.html">−5</a>' in readable_tables(linked)[0]
    for cell in ("−5.5", "yes", "no", "2-1"):
        assert f">{cell}</td>" in html


def test_a_sentence_and_the_name_of_a_row_keep_their_width():
    html, _ = readable_tables(
        f"<table><tbody><tr><th>first 12 months</th><td>{'word ' * 9}</td><td>name</td></tr>"
        "<tr><th>2018</th><td>b</td><td>c</td></tr></tbody></table>"
    )
    assert html.count('class="words"') == html.count('class="name"') == 1


def test_running_text_keeps_units_with_their_numbers_and_has_a_true_minus():
    html = Prose().html("fell by -5 % (-6 to -3) % (see -3) in 2017-03, `x = -5 %`, $a - 5$")
    assert "by −5\xa0% (−6 to −3)\xa0% (see −3) in 2017-03" in html
    assert "<code>x = -5 %</code>" in html


def test_years_that_head_rows_stay_on_their_side():
    html, _ = readable_tables(
        '<table><tbody><tr><th rowspan="2">Flow</th><th>2017</th><td>5</td></tr>'
        "<tr><th>12 months</th><td>6</td></tr></tbody></table>"
    )
    assert '<th scope="row">2017</th>' in html
    assert html.count('class="number"') == 2
