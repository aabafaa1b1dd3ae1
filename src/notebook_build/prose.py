"""Markdown to safe HTML: headings with anchors, equations in MathML, links between pages."""

from __future__ import annotations

import itertools
import re
from dataclasses import dataclass
from html import unescape
from typing import Any, ClassVar

from latex2mathml.converter import convert
from mistune import HTMLRenderer
from nbconvert.filters.markdown_mistune import (
    IPythonRenderer,
    MarkdownWithMath,
    MathInlineParser,
)

from notebook_build.safe_html import safe_html
from notebook_build.tables import true_minus


@dataclass(frozen=True)
class Heading:
    level: int
    text: str
    anchor: str


class Prose:
    """The prose of one page; it remembers the headings in order, each with its own anchor."""

    def __init__(self) -> None:
        self.headings: list[Heading] = []
        self.markdown = MarkdownWithMath(renderer=Renderer(self), inline=MoneySafeMath())

    @property
    def subject(self) -> str:
        """The heading that stands nearest above what comes next; empty before the first."""
        return self.headings[-1].text if self.headings else ""

    def html(self, markdown: str) -> str:
        return typeset(safe_html(self.markdown.render(markdown)))

    def add_heading(self, level: int, text: str) -> str:
        """Note a heading and give its anchor."""
        stem = re.sub(r"\W+", "-", text.lower()).strip("-") or "section"
        if RESERVED_STEM.match(stem):
            stem = f"on-{stem}"
        taken = {heading.anchor for heading in self.headings}
        anchor, count = stem, 2
        while anchor in taken or anchor in RESERVED:
            anchor, count = f"{stem}-{count}", count + 1
        self.headings.append(Heading(level, text, anchor))
        return anchor


def typeset(html: str) -> str:
    """Numbers in running text keep their unit on the line, and their minus is no hyphen.

    Code and equations stay as they are, and so does what stands inside tags.

    >>> typeset("<p>by -5 % in <code>a -5 %</code></p>")
    '<p>by −5\\xa0% in <code>a -5 %</code></p>'
    """
    parts = VERBATIM.split(html)
    told = [WITH_UNIT.sub("\\1\N{NO-BREAK SPACE}\\2", true_minus(part)) for part in parts[::2]]
    return "".join(itertools.chain(*itertools.zip_longest(told, parts[1::2], fillvalue="")))


VERBATIM = re.compile(r"(<(?:code|pre|math)\b.*?</(?:code|pre|math)>|<[^>]*>)", re.DOTALL)
WITH_UNIT = re.compile(r"([\d)]) (%|percent|million|billion)")


#: Anchors of the page's own parts.
RESERVED = ("top", "findings", "contents", "provenance", "tables", "cite", "main", "show-code")
#: And of its numbered parts: a heading "Code 4" would take a cell's anchor.
RESERVED_STEM = re.compile(r"(code|cell|figure|finding)-")


class MoneySafeMath(MathInlineParser):
    """`$x$` is an equation, "$19 million ... $20 million" is not: pandoc's rule.

    The opening sign has no space after it, the closing one none before and no digit after.
    """

    INLINE_MATH_TEX = r"(?<![$\\])\$(?=\S)(?P<math_inline_tex>[^$]+?)(?<=[^\s\\])\$(?![\d$])"
    SPECIFICATION: ClassVar[dict[str, str]] = {
        **MathInlineParser.SPECIFICATION,
        "inline_math_tex": INLINE_MATH_TEX,
    }


class Renderer(IPythonRenderer):
    """mistune's HTML with our headings, equations and links; made safe afterwards."""

    def __init__(self, prose: Prose) -> None:
        super().__init__(escape=False, exclude_anchor_links=True)
        self.prose = prose

    def heading(self, text: str, level: int, **attributes: Any) -> str:
        spoken = unescape(re.sub(r"<[^>]+>", "", text))
        anchor = self.prose.add_heading(level, spoken)
        return f'<h{level} id="{anchor}">{text}</h{level}>\n'

    def link(self, text: str, url: str, title: str | None = None) -> str:
        """A link to another notebook leads to its page."""
        if "://" not in url:
            url = re.sub(r"\.ipynb(?=$|#)", ".html", url)
        return HTMLRenderer.link(self, text, url, title)

    def image(self, text: str, url: str, title: str | None = None) -> str:
        """Pictures come as figures only; of one in Markdown the words stay."""
        return HTMLRenderer.text(self, text)

    def inline_math(self, body: str) -> str:
        return mathml(body, "inline") or super().inline_math(body)

    def block_math(self, body: str) -> str:
        return mathml(body, "block") or super().block_math(body)

    def latex_environment(self, name: str, body: str) -> str:
        whole = rf"\begin{{{name}}}{body}\end{{{name}}}"
        return mathml(whole, "block") or super().latex_environment(name, body)


def mathml(tex: str, display: str) -> str | None:
    """The equation as MathML; None where the converter gives up, and the TeX stays readable."""
    try:
        return convert(tex.strip(), display=display)
    except Exception:  # The converter raises its own errors, KeyError and IndexError alike.
        return None
