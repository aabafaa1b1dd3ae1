"""The figure as a reader gets it: a picture with its title, source, words for it, and its data."""

from __future__ import annotations

import io
import re
import textwrap
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import matplotlib as mpl
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure as Picture

#: The kind of output that a page shows as a figure.
FIGURE = "application/vnd.notebook-build.figure.v1+json"

#: matplotlib's `petroff6` (Petroff 2021, told apart under the common colour deficiencies). Its
#: orange #f89c20 and grey #9c9ca1 reach only 2.2 and 2.7 to 1 on white; they are darkened here at
#: the same hue until they reach the 3 to 1 that marks need. To deutan readers that orange comes
#: near the red #e42536, which is darkened in turn until no pair is nearer than in the original.
BLUE, ORANGE, RED, PURPLE, GREY, VIOLET = (
    "#5790fc",
    "#d07907",
    "#d41a2b",
    "#964a8b",
    "#8c8c92",
    "#7a21dd",
)
PALETTE = (BLUE, ORANGE, RED, PURPLE, GREY, VIOLET)
INK, QUIET, GRID = "#1d2226", "#545d66", "#dfe2e4"
#: A ground of its own keeps the picture legible in a dark notebook.
PAPER = "#ffffff"

FLOW_COLOURS = {"export": BLUE, "import": RED, "total": PURPLE}
#: Whose trade with China the published figures are.
PUBLISHED_PARTNER = "North Korea"


def flow_names(partner: str) -> dict[str, str]:
    """How the flows of China's trade with a partner are called, by flow."""
    return {
        "export": f"China's exports to {partner}",
        "import": f"China's imports from {partner}",
        "total": "Total trade",
    }


FLOW_NAMES = flow_names(PUBLISHED_PARTNER)

#: Inches of 72 units. At a page's full width (918 pixels) letters are as large as its text, and
#: on a phone (345 pixels) as large as small print.
WIDTH = 7.6
#: Text is measured in DejaVu Sans, which comes with matplotlib and is wider than what readers'
#: machines put in its place, so nothing that fits here overlaps there.
MEASURED_FONT = "DejaVu Sans"
SHOWN_FONTS = "system-ui, 'Segoe UI', Roboto, 'Helvetica Neue', Arial, 'DejaVu Sans', sans-serif"

STYLE = {
    "font.family": "sans-serif",
    "font.sans-serif": [MEASURED_FONT],
    "font.size": 10.5,
    "text.color": INK,
    "axes.titlesize": 10.5,
    "axes.titleweight": "bold",
    "axes.titlelocation": "left",
    "axes.labelcolor": QUIET,
    "axes.edgecolor": QUIET,
    "axes.facecolor": PAPER,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.spines.left": False,
    "axes.grid": True,
    "axes.grid.axis": "y",
    "axes.axisbelow": True,
    "axes.prop_cycle": mpl.cycler(color=PALETTE),
    "grid.color": GRID,
    "grid.linewidth": 0.8,
    "xtick.color": QUIET,
    "ytick.color": QUIET,
    "ytick.major.size": 0,
    "figure.facecolor": PAPER,
    "lines.linewidth": 1.8,
    "hatch.linewidth": 0.7,
    "legend.frameon": False,
    # Text stays text: it can be selected and searched, and the file is small.
    "svg.fonttype": "none",
}

#: Of a picture 547 units wide: a thousandth of a unit.
POSITION_DECIMALS = 6

TITLE_CHARACTERS, SUBTITLE_CHARACTERS, SOURCE_CHARACTERS = 74, 92, 108


@contextmanager
def style(id: str) -> Iterator[None]:
    """Draw in the house style; `id` seeds the names inside the SVG, so that they do not change."""
    with mpl.rc_context({**STYLE, "svg.hashsalt": id}):
        yield


def blank(height: float) -> Picture:
    """An empty picture of the house width and `height` inches. Call it inside `style`."""
    return Picture(figsize=(WIDTH, height), layout="constrained")


def legend_above(axes: Axes, columns: int) -> None:
    """A legend in one line over the axes, where it covers no data; it takes the title's place."""
    axes.legend(
        loc="lower left",
        bbox_to_anchor=(0, 1.0),
        borderaxespad=0.3,
        borderpad=0,
        ncols=columns,
        handlelength=1.1,
        handletextpad=0.5,
        columnspacing=1.6,
    )


@dataclass(frozen=True, eq=False)
class Figure:
    """A picture and what a reader needs to use it.

    `title` says what is found, `subtitle` what is plotted and in which unit; both stand beside
    the picture and not in it. `data` holds the numbers drawn, one row a mark. `id` names files:
    small letters, digits, `-`, `_`. Raises ValueError when id, title, source, alt text or data
    is missing.
    """

    id: str
    title: str
    subtitle: str
    source: str
    alt: str
    data: pd.DataFrame
    picture: Picture
    note: str = ""

    def __post_init__(self) -> None:
        texts = {"title": self.title, "source": self.source, "alt text": self.alt}
        missing = [name for name, text in texts.items() if not text.strip()]
        if self.data.empty:
            missing.append("data")
        if missing:
            raise ValueError(f"figure {self.id!r} has no {', '.join(missing)}: pass it")
        if not re.fullmatch(r"[a-z0-9][a-z0-9_-]*", self.id):
            raise ValueError(f"figure id {self.id!r}: use small letters, digits, '-' and '_'")
        # The layout is settled once: another rendering, or a caption, must not move anything.
        with style(self.id):
            self.picture.draw_without_rendering()
            self.picture.set_layout_engine("none")
            settle_positions(self.picture)

    @property
    def svg(self) -> str:
        """The picture as SVG, the same text each time."""
        file = io.StringIO()
        with style(self.id):
            self.picture.savefig(file, format="svg", metadata={"Date": None, "Creator": None})
        return re.sub(
            rf"'?{MEASURED_FONT}'?(?:, ?[^;\"]*)?(?=[;\"])",
            SHOWN_FONTS,
            file.getvalue(),
        )

    @property
    def csv(self) -> str:
        """The data drawn, as CSV: months as YYYY-MM, numbers to eight digits."""
        return self.data.to_csv(index=False, lineterminator="\n", float_format="%.8g")

    def savefig(self, path: str | Path) -> None:
        """Write the picture with its title, subtitle and source, for places without captions."""
        top, bottom = 1.0, 0.0
        line = 1 / (self.picture.get_figheight() * 72)
        texts = [
            (self.subtitle, SUBTITLE_CHARACTERS, QUIET, 10.5, "normal"),
            (self.title, TITLE_CHARACTERS, INK, 13, "bold"),
        ]
        drawn = []
        with style(self.id):
            for text, characters, colour, size, weight in texts:
                lines = textwrap.wrap(text, characters)
                top += 6 * line
                drawn.append(
                    self.picture.text(
                        0.01,
                        top,
                        "\n".join(lines),
                        color=colour,
                        size=size,
                        weight=weight,
                        va="bottom",
                        linespacing=1.25,
                    )
                )
                top += 1.25 * size * len(lines) * line
            source = textwrap.fill(f"Source: {self.source}", SOURCE_CHARACTERS)
            drawn.append(
                self.picture.text(
                    0.01,
                    bottom - 6 * line,
                    source,
                    color=QUIET,
                    size=8.5,
                    va="top",
                    linespacing=1.3,
                )
            )
            try:
                self.picture.savefig(
                    path, dpi=180, bbox_inches="tight", pad_inches=0.12, metadata={"Software": None}
                )
            finally:
                for text in drawn:
                    text.remove()

    def _repr_mimebundle_(self, include: object = None, exclude: object = None) -> dict[str, Any]:
        svg = self.svg
        payload = {
            "id": self.id,
            "title": self.title,
            "subtitle": self.subtitle,
            "source": self.source,
            "note": self.note,
            "alt": self.alt,
            "svg": svg,
            "csv": self.csv,
        }
        return {FIGURE: payload, "image/svg+xml": svg, "text/plain": f"{self.title}\n{self.alt}"}


def settle_positions(picture: Picture) -> None:
    """Round where the axes stand, in shares of the picture.

    The layout's solver leaves noise in the last bits, which matplotlib hashes into the names
    inside the SVG: two builds would differ.
    """
    for axes in picture.axes:
        if axes.get_axes_locator() is None:
            bounds = axes.get_position().bounds
            axes.set_position([round(share, POSITION_DECIMALS) for share in bounds])


def source_line(publishers: Iterable[str], origin: str = "", named: int = 6) -> str:
    """Who published the rows drawn: `origin`, as reported by the most frequent `named` of them.

    `publishers` holds one entry a row; equal counts stand in alphabetical order.

    >>> source_line(["Yonhap", "Reuters", "Reuters"], "Customs office")
    'Customs office, as reported by Reuters and Yonhap.'
    >>> source_line(["A", "B", "B"], named=1)
    'B and 1 other.'
    """
    counts = pd.Series(list(publishers), dtype="string").dropna().value_counts()
    ranked = sorted(counts.index, key=lambda name: (-counts[name], name))
    others = len(ranked) - named
    names = ranked[:named]
    if others > 0:
        names.append(f"{others} other" + ("s" if others > 1 else ""))
    listed = ", ".join(names[:-1]) + " and " + names[-1] if len(names) > 1 else "".join(names)
    if not origin:
        return f"{listed}."
    return f"{origin}, as reported by {listed}." if listed else f"{origin}."
