"""The palette can be told apart by readers with each colour deficiency, and stands out on paper.

Deficiencies are simulated after Machado, Oliveira & Fernandes 2009 (IEEE TVCG 15(6), table 1,
severity 1.0), on linear RGB. Differences are CIEDE2000 (Sharma, Wu & Dalal 2005).
"""

from __future__ import annotations

from itertools import combinations

import matplotlib as mpl
import numpy as np
import pytest

from analysis.figures.figure import FLOW_COLOURS, INK, PALETTE, PAPER
from analysis.figures.trade import WIDTH_COLOURS

DEFICIENCIES = {
    "none": np.eye(3),
    "protan": np.array(
        [
            [0.152286, 1.052583, -0.204868],
            [0.114503, 0.786281, 0.099216],
            [-0.003882, -0.048116, 1.051998],
        ]
    ),
    "deutan": np.array(
        [
            [0.367322, 0.860646, -0.227968],
            [0.280085, 0.672501, 0.047413],
            [-0.011820, 0.042940, 0.968881],
        ]
    ),
    "tritan": np.array(
        [
            [1.255528, -0.076749, -0.178779],
            [-0.078411, 0.930809, 0.147602],
            [0.004733, 0.691367, 0.303900],
        ]
    ),
}
#: The nearest pair of petroff6 as published differs by 10.6 (purple and violet, protan); no pair
#: of ours may be harder to tell apart than that.
LEAST_DIFFERENCE = 10.5
TO_XYZ = np.array(
    [
        [0.4124564, 0.3575761, 0.1804375],
        [0.2126729, 0.7151522, 0.0721750],
        [0.0193339, 0.1191920, 0.9503041],
    ]
)
WHITE = TO_XYZ.sum(axis=1)


def linear(colour: str) -> np.ndarray:
    """Linear RGB of `#rrggbb`, 0 to 1."""
    channels = np.array([int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5)])
    return np.where(channels <= 0.04045, channels / 12.92, ((channels + 0.055) / 1.055) ** 2.4)


def lab(rgb: np.ndarray) -> np.ndarray:
    """CIELAB (D65) of linear RGB."""
    t = TO_XYZ @ np.clip(rgb, 0, 1) / WHITE
    f = np.where(t > (6 / 29) ** 3, np.cbrt(t), t / (3 * (6 / 29) ** 2) + 4 / 29)
    return np.array([116 * f[1] - 16, 500 * (f[0] - f[1]), 200 * (f[1] - f[2])])


def ciede2000(one: np.ndarray, other: np.ndarray) -> float:
    """The difference of two CIELAB colours; equation numbers are Sharma's."""
    mean_chroma = (np.hypot(*one[1:]) + np.hypot(*other[1:])) / 2
    g = 0.5 * (1 - np.sqrt(mean_chroma**7 / (mean_chroma**7 + 25.0**7)))  # 4
    a1, a2 = (1 + g) * one[1], (1 + g) * other[1]  # 5
    c1, c2 = np.hypot(a1, one[2]), np.hypot(a2, other[2])  # 6
    h1, h2 = (np.degrees(np.arctan2(b, a)) % 360 for a, b in ((a1, one[2]), (a2, other[2])))  # 7
    chromatic = c1 * c2 != 0
    turn = (h2 - h1 + 180) % 360 - 180 if chromatic else 0.0  # 10
    lightness, chroma = other[0] - one[0], c2 - c1  # 8, 9
    hue = 2 * np.sqrt(c1 * c2) * np.sin(np.radians(turn / 2))  # 11
    mean_l, mean_c = (one[0] + other[0]) / 2, (c1 + c2) / 2  # 12, 13
    mean_h = (h1 + turn / 2) % 360 if chromatic else h1 + h2  # 14
    t = (
        1
        - 0.17 * np.cos(np.radians(mean_h - 30))
        + 0.24 * np.cos(np.radians(2 * mean_h))
        + 0.32 * np.cos(np.radians(3 * mean_h + 6))
        - 0.20 * np.cos(np.radians(4 * mean_h - 63))
    )  # 15
    rotation = 30 * np.exp(-(((mean_h - 275) / 25) ** 2))  # 16
    r_c = 2 * np.sqrt(mean_c**7 / (mean_c**7 + 25.0**7))  # 17
    s_l = 1 + 0.015 * (mean_l - 50) ** 2 / np.sqrt(20 + (mean_l - 50) ** 2)  # 18
    s_c, s_h = 1 + 0.045 * mean_c, 1 + 0.015 * mean_c * t  # 19, 20
    r_t = -np.sin(np.radians(2 * rotation)) * r_c  # 21
    in_l, in_c, in_h = lightness / s_l, chroma / s_c, hue / s_h
    return float(np.sqrt(in_l**2 + in_c**2 + in_h**2 + r_t * in_c * in_h))  # 22


def difference(one: str, other: str, deficiency: str) -> float:
    seen = (DEFICIENCIES[deficiency] @ linear(colour) for colour in (one, other))
    return ciede2000(*map(lab, seen))


@pytest.mark.parametrize(
    ("one", "other", "published"),
    [
        # Sharma, Wu & Dalal 2005, table 1, pairs 1, 7, 10, 14, 17, 25 and 33.
        ((50.0, 2.6772, -79.7751), (50.0, 0.0, -82.7485), 2.0425),
        ((50.0, 0.0, 0.0), (50.0, -1.0, 2.0), 2.3669),
        ((50.0, 2.49, -0.001), (50.0, -2.49, 0.0011), 7.2195),
        ((50.0, -0.001, 2.49), (50.0, 0.0011, -2.49), 4.7461),
        ((50.0, 2.5, 0.0), (73.0, 25.0, -18.0), 27.1492),
        ((60.2574, -34.0099, 36.2677), (60.4626, -34.1751, 39.4387), 1.2644),
        ((6.7747, -0.2908, -2.4247), (5.8714, -0.0985, -2.2286), 0.6377),
    ],
)
def test_the_difference_is_the_published_one(one, other, published):
    assert ciede2000(np.array(one), np.array(other)) == pytest.approx(published, abs=5e-5)


@pytest.mark.parametrize("deficiency", DEFICIENCIES)
@pytest.mark.parametrize(("one", "other"), list(combinations(PALETTE, 2)))
def test_colours_are_told_apart(one, other, deficiency):
    assert difference(one, other, deficiency) >= LEAST_DIFFERENCE


@pytest.mark.parametrize("deficiency", DEFICIENCIES)
@pytest.mark.parametrize("colour", PALETTE)
def test_colours_are_told_from_paper_and_ink(colour, deficiency):
    for other in (PAPER, INK):
        assert difference(colour, other, deficiency) >= 2 * LEAST_DIFFERENCE


@pytest.mark.parametrize("deficiency", DEFICIENCIES)
def test_the_gate_is_the_published_palettes_own_worst_pair(deficiency):
    published = [mpl.colors.to_hex(colour) for colour in mpl.color_sequences["petroff6"]]
    worst = min(difference(*pair, deficiency) for pair in combinations(published, 2))
    assert worst >= LEAST_DIFFERENCE
    if deficiency == "protan":
        assert worst == pytest.approx(LEAST_DIFFERENCE, abs=0.1)


@pytest.mark.parametrize("deficiency", DEFICIENCIES)
@pytest.mark.parametrize(("one", "other"), list(combinations(WIDTH_COLOURS.values(), 2)))
def test_classes_of_a_map_are_told_apart(one, other, deficiency):
    assert difference(one, other, deficiency) >= LEAST_DIFFERENCE


def test_flows_have_colours_of_the_palette():
    assert set(FLOW_COLOURS.values()) <= set(PALETTE)
    assert len(set(FLOW_COLOURS.values())) == len(FLOW_COLOURS)
