"""What a new reader does with the pages: opens, follows, looks closer, prints, reads on a phone."""

from __future__ import annotations

import csv
import io
import json
import re
import statistics
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest
from playwright.sync_api import Page, expect

MOST_CLICKS = 2
BOM = b"\xef\xbb\xbf"
#: The span that typographers give for reading at length (Bringhurst: 66 is ideal, 75 the most).
CHARACTERS_A_LINE = (66, 75)
#: Paragraphs of so many lines have lines whose length is the column's.
FULL_LINES = 4


def hrefs(page: Page) -> set[str]:
    """Every address that the page links to, in full."""
    return set(page.evaluate("[...document.links].map(link => link.href)"))


def file_of(address: str) -> Path:
    return Path(unquote(urlsplit(address).path))


def csv_rows(file: Path) -> list[list[str]]:
    content = file.read_bytes()
    assert content.startswith(BOM), f"{file.name} would open garbled in Excel"
    return list(csv.reader(io.StringIO(content.decode("utf-8-sig"))))


def test_there_are_pages(reports):
    assert (reports / "index.html").is_file()
    assert len(list(reports.glob("*.html"))) > 1


def test_every_link_leads_somewhere(name, reader, reports):
    page = reader(name)
    here = hrefs(page)
    assert here
    for address in sorted(here):
        parts = urlsplit(address)
        if parts.scheme in ("http", "https"):
            continue
        assert parts.scheme == "file", address
        file = file_of(address)
        assert file.is_relative_to(reports), f"{address} leads out of the reports"
        assert file.is_file(), f"{name} links to {file.name}, which is not there"
        if file.suffix == ".csv":
            assert len(csv_rows(file)) > 1, address
        elif file.suffix == ".json":
            assert json.loads(file.read_text(encoding="utf-8"))
        else:
            page.goto(address)
            if parts.fragment:
                target = page.locator(f'[id="{unquote(parts.fragment)}"]')
                assert target.count() == 1, address


def test_every_page_is_reached_from_the_index(reader, reports):
    linked = {file_of(address).stem for address in hrefs(reader("index"))}
    assert {path.stem for path in reports.glob("*.html")} - {"index"} <= linked


def test_a_page_loads_nothing_beside_itself_and_says_nothing_wrong(name, chromium):
    context = chromium.new_context()
    page = context.new_page()
    asked, said = [], []
    page.on("request", lambda request: asked.append(request.url))
    page.on("console", lambda message: said.append(message.text))
    page.on("pageerror", lambda error: said.append(str(error)))
    page.goto((Path(__file__).parents[2] / "reports" / f"{name}.html").as_uri())
    page.wait_for_load_state("networkidle")
    assert [url for url in asked if not url.endswith(f"/{name}.html")] == []
    assert said == []
    context.close()


def named_places(file: Path, reports: Path) -> list[str]:
    """Where each source row stands, by its own word: a line of a raw table, or a file.

    Fails for a row that names no place, and for a line or a file that is not there.
    """
    head, *rows = csv_rows(file)
    places = []
    for row in rows:
        told = dict(zip(head, row, strict=True))
        if told.get("table"):
            raw = reports / "tables" / "data" / "raw" / f"{told['table']}.csv"
            line = int(float(told["line"]))
            assert 1 < line <= len(raw.read_text("utf-8-sig").splitlines()), (file.name, told)
            places.append(f"{told['table']} line {line}")
        else:
            assert (reports.parent / told["file"]).is_file(), (file.name, told)
            places.append(told["file"])
    return places


def test_each_number_of_the_index_is_two_clicks_from_its_rows(reader, reports):
    links = reader("index").locator(".findings li:not(.more) a")
    assert links.count() > 0
    for place in range(links.count()):
        index = reader("index")
        link = index.locator(".findings li:not(.more) a").nth(place)
        number = link.locator("xpath=following-sibling::*[@class='interval']")
        told = number.inner_text() if number.count() else ""
        sentence = link.inner_text()
        link.click()
        clicks = 1
        finding = index.locator(":target")
        expect(finding).to_be_in_viewport()
        # The same number stands where the link leads.
        assert sentence in finding.inner_text()
        assert told in finding.inner_text()
        rows = finding.locator("details.rows")
        assert rows.count() == 1, f"no source row is named: {sentence}"
        rows.locator("summary").click()
        clicks += 1
        expect(rows.locator("tbody tr").first).to_be_visible()
        assert clicks <= MOST_CLICKS
        index.context.close()


def test_every_finding_of_a_page_shows_its_source_rows(name, reader, reports):
    page = reader(name)
    findings = page.locator("div.finding").all()
    assert findings or name == "index"
    for finding in findings:
        rows = finding.locator("details.rows")
        assert rows.count() == 1, finding.inner_text()
        told = int(re.search(r"\d+", rows.locator("summary").inner_text()).group())
        file = file_of(rows.locator("p.source a").evaluate("link => link.href"))
        assert len(named_places(file, reports)) == told
        assert 0 < rows.locator("tbody tr").count() <= told


def test_each_count_of_the_status_is_one_click_from_its_table(reader):
    index = reader("index")
    counts = index.locator(".status a")
    assert counts.count() >= 1
    for link in counts.all():
        numbers = [int(number) for number in re.findall(r"\d+", link.inner_text())]
        file = file_of(link.evaluate("link => link.href"))
        if file.suffix == ".json":
            rows = json.loads(file.read_text(encoding="utf-8"))
        else:
            rows = csv_rows(file)[1:]
        # "3 of 5 ..." or "5 ...": the last number counts them all.
        assert numbers[-1] == len(rows)


def test_a_figure_has_its_data_and_the_code_that_made_it(name, reader):
    page = reader(name, java_script_enabled=False)
    for figure in page.locator("figure").all():
        data, made = (
            figure.locator(".source a", has_text=text) for text in ("Data (CSV)", "How it was made")
        )
        file = file_of(data.evaluate("link => link.href"))
        head, *rows = csv_rows(file)
        assert rows
        assert all(len(row) == len(head) for row in rows)
        assert figure.locator("svg").get_attribute("aria-label")
        made.click()
        code = page.locator(":target")
        expect(code).to_be_visible()
        function = figure.locator(".source code")
        assert function.count() == 1, f"{name}: no function named"
        assert function.inner_text().rpartition(".")[2] in code.inner_text()


def test_a_download_arrives_whole(reader, reports, tmp_path):
    index = reader("index", accept_downloads=True)
    link = index.locator(".downloads a").first
    with index.expect_download() as download:
        link.click()
    download.value.save_as(tmp_path / "got.csv")
    original = reports / "data" / download.value.suggested_filename
    assert (tmp_path / "got.csv").read_bytes() == original.read_bytes()


def test_code_is_folded_and_one_tick_shows_all_of_it_without_scripts(name, reader):
    page = reader(name, java_script_enabled=False)
    folded = page.locator("details.code")
    if name == "index":
        assert folded.count() == 0
        return
    assert folded.count() > 0
    for code in page.locator("details.code pre").all():
        expect(code).to_be_hidden()
    page.get_by_label("Show all code").check()
    for code in page.locator("details.code pre").all():
        expect(code).to_be_visible()
    page.get_by_label("Show all code").uncheck()
    expect(page.locator("details.code pre").first).to_be_hidden()


def test_the_summary_comes_first_and_the_contents_stay_in_sight(name, reader, phone):
    page = reader(name)
    summary = page.locator("section.findings")
    if summary.count():
        expect(summary.locator("h2")).to_be_in_viewport()
        small = reader(name, size=phone)
        expect(small.locator("section.findings h2")).to_be_in_viewport()
    contents = page.locator("nav.contents")
    if contents.count():
        page.evaluate("window.scrollTo(0, document.body.scrollHeight / 2)")
        expect(contents).to_be_in_viewport()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_no_violation(name, scheme, reader, axe):
    page = reader(name, color_scheme=scheme, bypass_csp=True)
    # What is folded is looked at too.
    page.evaluate("document.querySelectorAll('details').forEach(part => part.open = true)")
    page.evaluate(axe)
    found = page.evaluate("axe.run(document, {resultTypes: ['violations']})")
    told = [
        f"{violation['id']}: {violation['help']} ({node['html'][:120]})"
        for violation in found["violations"]
        for node in violation["nodes"][:3]
    ]
    assert told == []


def test_axe_finds_a_violation_where_there_is_one(reader, axe):
    page = reader("index", bypass_csp=True)
    page.evaluate("document.querySelector('main').append(new Image())")
    page.evaluate("document.querySelector('main p').style.color = '#ddd'")
    page.evaluate(axe)
    found = page.evaluate("axe.run(document, {resultTypes: ['violations']})")
    assert {"image-alt", "color-contrast"} <= {violation["id"] for violation in found["violations"]}


def test_the_keyboard_reaches_everything_and_shows_where_it_is(name, reader):
    page = reader(name)
    page.evaluate("document.querySelectorAll('details').forEach(part => part.open = true)")
    wanted = page.evaluate(
        """[...document.querySelectorAll('a[href], summary, input, [tabindex="0"]')]
        .map((part, place) => { part.dataset.place = place; return place; })"""
    )
    reached, unseen = [], []
    for _ in wanted:
        page.keyboard.press("Tab")
        place, outline, text = page.evaluate(
            """() => { const part = document.activeElement, style = getComputedStyle(part);
            return [Number(part.dataset.place), parseFloat(style.outlineWidth)
                * (style.outlineStyle != 'none'), part.outerHTML.slice(0, 80)]; }"""
        )
        reached.append(place)
        if not outline:
            unseen.append(text)
    assert reached == wanted
    assert unseen == []


@pytest.mark.parametrize("width", [320, 390, 768, 1280, 1920])
def test_nothing_is_wider_than_the_window(name, width, reader):
    page = reader(name, size={"width": width, "height": 900})
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    boxes = page.evaluate(
        """[...document.querySelectorAll('p, li, h1, h2, h3, figcaption, summary, svg')]
        .filter(part => !part.closest('.table, figure .plate'))
        .map(part => [part.getBoundingClientRect().right, part.textContent.slice(0, 60)])"""
    )
    assert [text for right, text in boxes if right > width + 0.5] == []


def test_a_table_fits_a_desktop_and_keeps_its_words_readable_on_a_phone(name, reader, phone):
    tables = """[...document.querySelectorAll('.argument .table')]
        .filter(box => !box.closest('details'))"""
    wide = reader(name).evaluate(
        f"{tables}.filter(box => box.scrollWidth > box.clientWidth + 1).map(box => box.ariaLabel)"
    )
    assert wide == []
    narrow = reader(name, size=phone).evaluate(
        f"{tables}.flatMap(box => [...box.querySelectorAll('.words')])"
        ".map(cell => cell.clientWidth).filter(width => width < 110)"
    )
    assert narrow == []


def test_lines_are_of_a_length_that_reads_well(name, reader):
    """Characters a full line, paragraph by paragraph; the last line counts as far as it goes.

    Paragraphs that name files are left out: a path is not broken, so their lines end early.
    """
    page = reader(name)
    lengths = page.evaluate(
        """least => [...document.querySelectorAll('.prose p:not(:has(code))')].flatMap(part => {
            const range = document.createRange(); range.selectNodeContents(part);
            const lines = new Map();
            for (const box of range.getClientRects()) {
                const top = Math.round(box.bottom / 8);
                lines.set(top, Math.max(lines.get(top) || 0, box.right));
            }
            const left = part.getBoundingClientRect().left, ends = [...lines.values()];
            const last = ends.pop(), longest = Math.max(...ends);
            const full = ends.length + (last - left) / (longest - left);
            return ends.length + 1 >= least ? [part.textContent.length / full] : []; })""",
        FULL_LINES,
    )
    if lengths:
        least, most = CHARACTERS_A_LINE
        assert least <= statistics.median(lengths) <= most


def test_labels_of_figures_neither_overlap_nor_leave_the_picture(name, reader):
    page = reader(name)
    troubles = page.evaluate(
        """() => [...document.querySelectorAll('.plate svg')].flatMap(svg => {
            const frame = svg.getBoundingClientRect();
            const labels = [...svg.querySelectorAll('text')].filter(text => text.textContent.trim())
                .map(text => ({text: text.textContent, box: text.getBoundingClientRect()}));
            const found = labels.filter(({box}) => box.left < frame.left - 1
                || box.right > frame.right + 1 || box.top < frame.top - 1
                || box.bottom > frame.bottom + 1).map(({text}) => `cut: ${text}`);
            labels.forEach((a, place) => labels.slice(place + 1).forEach(b => {
                const width = Math.min(a.box.right, b.box.right) - Math.max(a.box.left, b.box.left);
                const height = Math.min(a.box.bottom, b.box.bottom)
                    - Math.max(a.box.top, b.box.top);
                const size = box => box.width * box.height;
                if (width > 1 && height > 1
                    && width * height > 0.15 * Math.min(size(a.box), size(b.box)))
                    found.push(`overlap: ${a.text} / ${b.text}`);
            }));
            return found; })"""
    )
    assert troubles == []


def test_dark_is_dark(name, reader, keep):
    page = reader(name, color_scheme="dark")
    ground, letters = page.evaluate(
        """['backgroundColor', 'color'].map(part => getComputedStyle(document.body)[part]
        .match(/[\\d.]+/g).slice(0, 3).map(Number).reduce((a, b) => a + b) / 3)"""
    )
    assert ground < 50 < 200 < letters
    keep(page, f"{name}-dark")


def test_the_screens_are_kept_for_people_to_look_at(name, reader, keep, phone):
    keep(reader(name), f"{name}-light")
    keep(reader(name, size=phone), f"{name}-phone")
    keep(reader(name, size=phone, color_scheme="dark"), f"{name}-phone-dark")
    if name != "index":
        page = reader(name)
        page.get_by_label("Show all code").check()
        page.evaluate("document.querySelectorAll('details').forEach(part => part.open = true)")
        keep(page, f"{name}-all-shown")


def test_print_leaves_out_what_paper_cannot_do(name, reader, reports):
    page = reader(name, color_scheme="dark")
    page.emulate_media(media="print")
    for part in ("nav.contents", ".skip", "details.code summary"):
        for hidden in page.locator(part).all():
            expect(hidden).to_be_hidden()
    ground = page.evaluate("getComputedStyle(document.body).backgroundColor")
    assert ground in ("rgb(255, 255, 255)", "rgba(0, 0, 0, 0)")
    (reports / ".screens").mkdir(parents=True, exist_ok=True)
    pdf = page.pdf(
        path=reports / ".screens" / f"{name}.pdf", format="A4", prefer_css_page_size=True
    )
    assert pdf.startswith(b"%PDF")
    assert page.evaluate("document.documentElement.scrollWidth") <= 1280
