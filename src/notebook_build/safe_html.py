"""Lets through what prose, tables and equations need, and nothing that acts or calls out."""

from __future__ import annotations

import nh3

PROSE = set(
    "a abbr b blockquote br caption cite code col colgroup dd del details div dl dt em "
    "h1 h2 h3 h4 h5 h6 hr i ins kbd li mark ol p pre q s small span strong sub summary sup "
    "table tbody td tfoot th thead tr u ul var".split()
)
MATH = set(
    "math mfrac mi mn mo mover mpadded mphantom mroot mrow mspace msqrt mstyle msub msubsup msup "
    "mtable mtd mtext mtr munder munderover".split()
)
ATTRIBUTES = {
    "a": {"href", "title"},
    "abbr": {"title"},
    "math": {"display"},
    "mo": {"stretchy", "fence"},
    "mover": {"accent"},
    "munder": {"accentunder"},
    "ol": {"start"},
    "td": {"colspan", "rowspan"},
    "th": {"colspan", "rowspan", "scope"},
} | {heading: {"id"} for heading in ("h1", "h2", "h3", "h4", "h5", "h6")}


def safe_html(html: str) -> str:
    """The HTML with unknown elements, handlers, styles, pictures and odd addresses taken out."""
    return nh3.clean(
        html,
        tags=PROSE | MATH,
        attributes=ATTRIBUTES,
        clean_content_tags={"script", "style", "iframe", "object", "svg", "template", "noscript"},
        url_schemes={"http", "https", "mailto"},
        link_rel="noopener noreferrer",
    )
