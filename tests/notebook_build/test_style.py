"""The colours of the pages can be read in light and in dark; the style says them once."""

import re

import pytest

from notebook_build.render import TEMPLATES

STYLE = (TEMPLATES / "style.css").read_text(encoding="utf-8")
#: WCAG 2.2: 4.5 to 1 for text, 3 to 1 for what is no text but has to be seen.
TEXT, SIGN = 4.5, 3.0
LETTERS = ("text", "quiet", "accent", "keyword", "string", "comment", "number", "name")


def palette(block: str) -> dict[str, str]:
    return dict(re.findall(r"--([a-z]+): (#[0-9a-f]{6});", block))


def schemes() -> dict[str, dict[str, str]]:
    light, dark, printed = re.findall(r":root \{(.*?)\}", STYLE, re.DOTALL)
    expanded = re.sub(r"#([0-9a-f])([0-9a-f])([0-9a-f])(?=;)", r"#\1\1\2\2\3\3", printed)
    base = palette(light)
    return {"light": base, "dark": base | palette(dark), "print": base | palette(expanded)}


def luminance(colour: str) -> float:
    channels = [int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: str, other: str) -> float:
    light, dark = sorted([luminance(one), luminance(other)], reverse=True)
    return (light + 0.05) / (dark + 0.05)


@pytest.mark.parametrize("scheme", ["light", "dark", "print"])
@pytest.mark.parametrize("ground", ["ground", "panel"])
@pytest.mark.parametrize("letters", LETTERS)
def test_text_can_be_read(scheme, ground, letters):
    colours = schemes()[scheme]
    assert contrast(colours[letters], colours[ground]) >= TEXT


@pytest.mark.parametrize("scheme", ["light", "dark", "print"])
@pytest.mark.parametrize("ground", ["ground", "panel"])
def test_signs_can_be_seen(scheme, ground):
    colours = schemes()[scheme]
    assert contrast(colours["mark"], colours[ground]) >= SIGN


def test_dark_changes_every_colour_of_text_and_ground():
    light, dark = schemes()["light"], schemes()["dark"]
    assert all(light[name] != dark[name] for name in light)


def test_the_style_is_small():
    assert len(STYLE.encode()) <= 20_000
