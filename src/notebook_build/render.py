"""Renders an executed notebook as one page that needs nothing but itself, and its figures' data."""

from __future__ import annotations

import itertools
import json
import re
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from markupsafe import Markup
from nbconvert.exporters import TemplateExporter
from nbconvert.filters import Highlight2HTML

from notebook_build import FIGURE, FINDING, BuildError
from notebook_build.calls import Calls
from notebook_build.contract import Figure, Finding, figures_of, findings_of, typographic
from notebook_build.downloads import ENCODING
from notebook_build.failure import plain
from notebook_build.notebook import tags
from notebook_build.prose import Heading, Prose
from notebook_build.safe_html import safe_html
from notebook_build.safe_svg import safe_svg
from notebook_build.tables import readable_tables, rows_table

TEMPLATES = Path(__file__).parent / "templates"
DEEPEST_CONTENTS = 3
#: Of a finding's source rows, so many stand on the page; all are in its file.
ROWS_SHOWN = 40
CODE_LABELS = {"parameters": "Parameters", "injected-parameters": "Parameters of this run"}


@dataclass
class Page:
    """What the template draws. All text that is Markup is safe already; the rest is escaped."""

    name: str
    title: str
    question: str
    project: str
    provenance: dict[str, Any]
    cells: list[dict[str, Any]] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)
    figures: list[Figure] = field(default_factory=list)
    headings: list[Heading] = field(default_factory=list)
    tables: int = 0
    exhibits: list[dict[str, str]] = field(default_factory=list)
    calls: Calls = field(default_factory=Calls)

    def csv_path(self, figure: Figure) -> str:
        """Where the figure's data lie, relative to the page."""
        return f"data/{self.name}-{figure.id}.csv"

    def svg_path(self, figure: Figure) -> str:
        """Where the picture lies by itself, relative to the page."""
        return f"data/{self.name}-{figure.id}.svg"

    def rows_path(self, finding: Finding) -> str:
        """Where the finding's source rows lie, relative to the page."""
        return f"data/rows/{self.name}-{finding.id}.csv"

    def exhibit(self, kind: str, text: str, context: Context, place: str) -> None:
        """Note what is shown: its kind, its words, the cell, the function, and where it stands."""
        made_by = {"cell": context.anchor, "function": context.function, "place": place}
        self.exhibits.append({"kind": kind, "text": text} | made_by)

    def with_tables(self, html: str, caption: str) -> Markup:
        """HTML that is safe already, its tables made readable and numbered through the page."""
        readable, count = readable_tables(html, caption, self.tables + 1)
        self.tables += count
        return Markup(readable)


def read_page(
    notebook: Any, name: str, title: str, question: str, project: str, provenance: dict[str, Any]
) -> Page:
    """Gather the page of an executed notebook.

    Raises BuildError, naming the cell, for a figure or finding outside the contract.
    """
    page = Page(name, title, question, project, provenance)
    prose = Prose()
    number = 0
    for cell in notebook.cells:
        if "injected-parameters" not in tags(cell):
            number += 1
        if cell.cell_type == "markdown":
            text = without_title(cell.source) if not page.cells else cell.source
            html = prose.html(text)
            page.cells.append({"kind": "prose", "html": page.with_tables(html, prose.subject)})
        elif cell.cell_type == "code" and cell.source.strip():
            page.cells.append(code_cell(cell, number, page, prose))
    page.headings = [entry for entry in prose.headings if 2 <= entry.level <= DEEPEST_CONTENTS]
    return page


def without_title(markdown: str) -> str:
    """The first cell without its first-level heading: the page has the title already."""
    return re.sub(r"\A\s*# .*\n?", "", markdown)


def code_cell(cell: Any, number: int, page: Page, prose: Prose) -> dict[str, Any]:
    where = f"{page.name}: cell {number}"
    is_check = "check" in tags(cell)
    # What a check prints is not shown, so it can hand over no figure or finding either.
    outputs = [] if is_check else cell.outputs
    page.findings += unique(findings_of({"outputs": outputs}, where), page.findings, where)
    page.figures += unique(figures_of({"outputs": outputs}, where), page.figures, where)
    anchor = f"{number}" + ("-set" if "injected-parameters" in tags(cell) else "")
    first, made_by = first_words(cell.source), page.calls.read(cell.source)
    tables = page.tables
    blocks = [
        shown(output, Context(where, anchor, first, function), page, prose)
        for output, function in zip(outputs, functions_of(outputs, made_by), strict=True)
    ]
    label = "Checks" if is_check else "Code"
    for tag in tags(cell):
        label = CODE_LABELS.get(tag, label)
    return {
        "kind": "code",
        "anchor": anchor,
        "label": label,
        # Where a table has it for its caption, the words need not stand twice.
        "first": first if page.tables == tables else "",
        "html": highlighted(cell.source, anchor),
        "outputs": [block for block in blocks if block],
    }


@dataclass(frozen=True)
class Context:
    """The cell that an output comes from, its opening words, and the function that made it."""

    where: str
    anchor: str
    first: str
    function: str


def functions_of(outputs: list[Any], made_by: list[str]) -> list[str]:
    """The function that made each output; the first shown where they are not one to one."""
    shown_now = [output.output_type in ("display_data", "execute_result") for output in outputs]
    one_to_one = sum(shown_now) == len(made_by)
    names = iter(made_by if one_to_one else made_by[:1] * sum(shown_now))
    return [next(names, "") if is_shown else "" for is_shown in shown_now]


def highlighted(source: str, anchor: str) -> Markup:
    """The code in colours. A link to it opens its fold, and the keyboard scrolls it."""
    return Markup(HIGHLIGHT(source).replace("<pre>", f'<pre id="code-{anchor}" tabindex="0">', 1))


HIGHLIGHT = Highlight2HTML(pygments_lexer="python3")


def first_words(source: str) -> str:
    """The comment that opens a cell, all its lines, as a hint at what its folded code does.

    >>> first_words("# Prices by year,\\n# as `make` left them\\nprices")
    'Prices by year, as make left them'
    """
    lines = itertools.takewhile(lambda line: line.startswith("#"), source.lstrip().splitlines())
    return " ".join(line.lstrip("# ") for line in lines).replace("`", "").strip()


def unique(new: list[Any], known: list[Any], where: str) -> list[Any]:
    taken = {entry.id for entry in known}
    for entry in new:
        if entry.id in taken:
            raise BuildError(f"{where}: the id {entry.id!r} is taken by an earlier one.")
        taken.add(entry.id)
    return new


def shown(output: Any, context: Context, page: Page, prose: Prose) -> dict[str, Any] | None:
    """One output in the form that a reader gets most from; None for what has none."""
    if output.output_type == "stream":
        kind = "messages" if output.name == "stderr" else "text"
        return {"kind": kind, "text": plain(output.text)} if output.text.strip() else None
    data, where = output.data, context.where
    caption = context.first or prose.subject
    if FIGURE in data:
        figure = figures_of({"outputs": [output]}, where)[0]
        page.exhibit("figure", figure.title, context, page.svg_path(figure))
        return shown_figure(figure, page, context)
    if FINDING in data:
        finding = findings_of({"outputs": [output]}, where)[0]
        page.exhibit("finding", finding.sentence, context, f"{page.name}.html#finding-{finding.id}")
        return shown_finding(finding, page)
    if "text/html" in data:
        page.exhibit("table", caption, context, f"{page.name}.html#code-{context.anchor}")
        return {"kind": "html", "html": page.with_tables(safe_html(data["text/html"]), caption)}
    for kind in ("text/markdown", "text/latex"):
        if kind in data:
            page.exhibit(
                "text", plain(data[kind]), context, f"{page.name}.html#code-{context.anchor}"
            )
            return {"kind": "prose", "html": page.with_tables(prose.html(data[kind]), caption)}
    text = plain(data.get("text/plain", ""))
    return {"kind": "text", "text": text} if text.strip() else None


def shown_figure(figure: Figure, page: Page, context: Context) -> dict[str, Any]:
    return {
        "kind": "figure",
        "figure": figure,
        "svg": Markup(safe_svg(figure.svg, figure.id, figure.alt)),
        "csv": page.csv_path(figure),
        "file": page.svg_path(figure),
        "cell": context.anchor,
        "function": context.function,
    }


def shown_finding(finding: Finding, page: Page) -> dict[str, Any]:
    rows = finding.rows
    count = max(0, len(rows) - 1)
    # Short, since the sentence stands above; it names the box to a screen reader.
    caption = f"Source rows of finding {finding.id}"
    return {
        "kind": "finding",
        "finding": finding,
        "rows": Markup(rows_table(rows[: ROWS_SHOWN + 1], caption)) if rows else "",
        "count": count,
        "left_out": max(0, count - ROWS_SHOWN),
        "csv": page.rows_path(finding),
    }


class PageExporter(TemplateExporter):
    """nbconvert with our template, every value escaped unless it is safe already."""

    output_mimetype = "text/html"

    def _file_extension_default(self) -> str:
        return ".html"

    def _template_name_default(self) -> str:
        return "page"

    def _create_environment(self) -> Any:
        environment = super()._create_environment()
        environment.autoescape = True
        environment.trim_blocks = environment.lstrip_blocks = True
        environment.filters["typographic"] = typographic
        return environment


def render(page: Page, notebook: Any) -> str:
    """The page as HTML: the same bytes for the same notebook, wherever and whenever."""
    exporter = PageExporter(extra_template_basedirs=[str(TEMPLATES)])
    style = (TEMPLATES / "style.css").read_text(encoding="utf-8")
    html, _ = exporter.from_notebook_node(notebook, {"page": page, "style": Markup(style)})
    return html


def data_files(page: Page) -> dict[str, bytes]:
    """What lies beside a page, by path relative to it.

    The pictures and their data, the source rows of findings, and the findings themselves: a list
    of objects as the notebook hands them over, with `notebook` and `anchor`, where each stands.
    """
    tables = {page.csv_path(figure): figure.csv for figure in page.figures}
    tables |= {page.rows_path(finding): finding.csv for finding in page.findings if finding.csv}
    pictures = {page.svg_path(figure): standing_alone(figure) for figure in page.figures}
    findings = {
        f"findings/{page.name}.json": json.dumps(
            [found(finding, page) for finding in page.findings], indent=1, ensure_ascii=False
        )
        + "\n"
    }
    files = {path: text.encode(ENCODING) for path, text in tables.items()}
    return files | {path: text.encode() for path, text in (pictures | findings).items()}


def standing_alone(figure: Figure) -> str:
    """The picture as a file of its own, which names its language, as SVG inside HTML need not."""
    picture = safe_svg(figure.svg, figure.id, figure.alt)
    return picture.replace("<svg ", '<svg xmlns="http://www.w3.org/2000/svg" ', 1) + "\n"


def found(finding: Finding, page: Page) -> dict[str, Any]:
    """A finding for notebooks that gather them: what was handed over, and where it stands.

    `csv` are its source rows, `rows` the file of them, relative to the page; both empty where it
    names none.
    """
    rows = page.rows_path(finding) if finding.csv else ""
    return asdict(finding) | {
        "notebook": page.name,
        "anchor": f"finding-{finding.id}",
        "rows": rows,
    }
