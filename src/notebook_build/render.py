"""Renders an executed notebook as one page that needs nothing but itself, and its figures' data."""

from __future__ import annotations

import json
import re
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from markupsafe import Markup, escape
from nbconvert.exporters import TemplateExporter
from nbconvert.filters import Highlight2HTML

from notebook_build import FIGURE, FINDING, BuildError
from notebook_build.contract import Figure, Finding, figures_of, findings_of
from notebook_build.failure import plain
from notebook_build.notebook import tags
from notebook_build.prose import Heading, Prose
from notebook_build.safe_html import safe_html
from notebook_build.safe_svg import safe_svg
from notebook_build.tables import readable_tables

TEMPLATES = Path(__file__).parent / "templates"
DEEPEST_CONTENTS = 3
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

    def csv_path(self, figure: Figure) -> str:
        """Where the figure's data lie, relative to the page."""
        return f"data/{self.name}-{figure.id}.csv"


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
            page.cells.append({"kind": "prose", "html": Markup(prose.html(text))})
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
    blocks = [shown(output, where, page, prose) for output in outputs]
    label = "Checks" if is_check else "Code"
    for tag in tags(cell):
        label = CODE_LABELS.get(tag, label)
    return {
        "kind": "code",
        "anchor": f"cell-{number}" + ("-set" if "injected-parameters" in tags(cell) else ""),
        "label": label,
        "first": first_words(cell.source),
        "html": Markup(HIGHLIGHT(cell.source)),
        "outputs": [block for block in blocks if block],
    }


HIGHLIGHT = Highlight2HTML(pygments_lexer="python3")


def first_words(source: str) -> str:
    """The comment that opens a cell, as a hint at what its folded code does."""
    first = source.lstrip().partition("\n")[0]
    return first.lstrip("# ") if first.startswith("#") else ""


def unique(new: list[Any], known: list[Any], where: str) -> list[Any]:
    taken = {entry.id for entry in known}
    for entry in new:
        if entry.id in taken:
            raise BuildError(f"{where}: the id {entry.id!r} is taken by an earlier one.")
        taken.add(entry.id)
    return new


def shown(output: Any, where: str, page: Page, prose: Prose) -> dict[str, Any] | None:
    """One output in the form that a reader gets most from; None for what has none."""
    if output.output_type == "stream":
        kind = "messages" if output.name == "stderr" else "text"
        return {"kind": kind, "text": plain(output.text)} if output.text.strip() else None
    data = output.data
    if FIGURE in data:
        return shown_figure(figures_of({"outputs": [output]}, where)[0], page, where)
    if FINDING in data:
        return {"kind": "finding", "finding": findings_of({"outputs": [output]}, where)[0]}
    if "text/html" in data:
        return {"kind": "html", "html": Markup(readable_tables(safe_html(data["text/html"])))}
    for kind in ("text/markdown", "text/latex"):
        if kind in data:
            return {"kind": "prose", "html": Markup(readable_tables(prose.html(data[kind])))}
    text = plain(data.get("text/plain", ""))
    return {"kind": "text", "text": text} if text.strip() else None


def shown_figure(figure: Figure, page: Page, where: str) -> dict[str, Any]:
    return {
        "kind": "figure",
        "figure": figure,
        "svg": Markup(safe_svg(figure.svg, figure.id, figure.alt)),
        "csv": page.csv_path(figure),
        "cell": where.rpartition(" ")[2],
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


def typographic(text: str) -> Markup:
    """Escaped text whose numbers keep their unit on the same line."""
    return Markup(re.sub(r"(\d) (%|percent|million|billion)", r"\1&nbsp;\2", str(escape(text))))


def render(page: Page, notebook: Any) -> str:
    """The page as HTML: the same bytes for the same notebook, wherever and whenever."""
    exporter = PageExporter(extra_template_basedirs=[str(TEMPLATES)])
    style = (TEMPLATES / "style.css").read_text(encoding="utf-8")
    html, _ = exporter.from_notebook_node(notebook, {"page": page, "style": Markup(style)})
    return html


def findings_file(page: Page) -> dict[str, bytes]:
    """The page's findings as JSON, by path relative to the page, for notebooks that gather them.

    A list of objects as a notebook hands them over, with `notebook` and `anchor`, where each
    stands.
    """
    entries = [
        asdict(finding) | {"notebook": page.name, "anchor": f"finding-{finding.id}"}
        for finding in page.findings
    ]
    text = json.dumps(entries, indent=1, ensure_ascii=False) + "\n"
    return {f"findings/{page.name}.json": text.encode()}


def figure_files(page: Page) -> dict[str, bytes]:
    """The figures' data by path relative to the page; the mark at the start is for Excel."""
    return {page.csv_path(figure): figure.csv.encode("utf-8-sig") for figure in page.figures}
