"""Makes an SVG fit to stand inside a page: known elements only, and names that clash with none."""

from __future__ import annotations

import re
from xml.etree.ElementTree import Element, ParseError, tostring

from defusedxml import DefusedXmlException
from defusedxml.ElementTree import fromstring

from notebook_build import BuildError

ELEMENTS = set(
    "svg g path rect circle ellipse line polyline polygon text tspan textPath defs use symbol "
    "clipPath mask pattern marker linearGradient radialGradient stop image title desc".split()
)
TEXT_ELEMENTS = {"text", "tspan", "textPath", "title", "desc"}
PICTURE = re.compile(r"data:image/(png|jpeg);base64,[A-Za-z0-9+/=\s]+")
REFERENCE = re.compile(r"""url\(\s*["']?#([^"')]+)["']?\s*\)""")
ATTRIBUTE = re.compile(r"[a-z][A-Za-z0-9-]*")
#: matplotlib says this once, in a style sheet that inside a page would reach every other picture.
MATPLOTLIB_STYLE = "stroke-linejoin: round; stroke-linecap: butt"


def safe_svg(svg: str, prefix: str, alt: str) -> str:
    """The picture as an element for HTML, scaling with its width, named `alt` to a screen reader.

    Scripts, foreign elements, style sheets, handlers and addresses are left out; each id gets
    `prefix`. Raises BuildError for text that is no SVG.
    """
    try:
        source = fromstring(svg)
    except (ParseError, DefusedXmlException) as error:
        raise BuildError(f"figure {prefix}: its SVG cannot be read ({error}).") from None
    if local(source.tag) != "svg":
        raise BuildError(f"figure {prefix}: its SVG starts with <{local(source.tag)}>.")
    root = copy(source, f"{prefix}-")
    fit_to_width(root)
    if MATPLOTLIB_STYLE in svg:
        root.set("stroke-linejoin", "round")
        root.set("stroke-linecap", "butt")
    root.set("role", "img")
    root.set("aria-label", alt)
    return tostring(root, encoding="unicode")


def copy(source: Element, prefix: str) -> Element:
    """The element and what is known of its content."""
    name = local(source.tag)
    element = Element(name, attributes(source, prefix))
    element.text = kept_text(source.text, name)
    for child in source:
        # Comments and processing instructions have a function for a tag.
        if isinstance(child.tag, str) and local(child.tag) in ELEMENTS:
            inner = copy(child, prefix)
            inner.tail = kept_text(child.tail, name)
            element.append(inner)
    return element


def kept_text(text: str | None, element: str) -> str | None:
    return text if element in TEXT_ELEMENTS else None


def attributes(source: Element, prefix: str) -> dict[str, str]:
    kept = {}
    for full_name, value in source.attrib.items():
        name = local(full_name)
        if name == "href":
            if value.startswith("#"):
                kept[name] = f"#{prefix}{value[1:]}"
            elif local(source.tag) == "image" and PICTURE.fullmatch(value):
                kept[name] = value
        elif name == "id":
            kept[name] = prefix + value
        elif is_harmless(full_name, value):
            kept[name] = REFERENCE.sub(rf"url(#{prefix}\1)", value)
    return kept


def is_harmless(name: str, value: str) -> bool:
    """Whether an attribute only says how something looks, with no address but one inside."""
    if not ATTRIBUTE.fullmatch(name) or name.startswith("on") or name in ("class", "xmlns"):
        return False
    rest = REFERENCE.sub("", value).lower()
    return not any(sign in rest for sign in ("url(", "\\", "javascript:", "@import", "expression("))


def fit_to_width(root: Element) -> None:
    """Let the page give the size: the measures become the view box where there is none."""
    sizes = [re.match(r"[\d.]+", root.get(side, "")) for side in ("width", "height")]
    if "viewBox" not in root.attrib and all(sizes):
        root.set("viewBox", "0 0 " + " ".join(size.group() for size in sizes))
    if "viewBox" in root.attrib:
        root.attrib.pop("width", None)
        root.attrib.pop("height", None)


def local(tag: str) -> str:
    """A name without its namespace."""
    return tag.rpartition("}")[2]
