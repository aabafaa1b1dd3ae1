import io

import matplotlib as mpl
import pandas as pd
import pytest

import notebook_build
from analysis.figures import figure as module
from analysis.figures import trade
from analysis.figures.figure import FIGURE, PALETTE, PAPER, Figure, blank, source_line, style
from notebook_build.contract import read_figure
from notebook_build.safe_svg import safe_svg

DATA = pd.DataFrame(
    {"month": pd.period_range("2018-01", periods=2, freq="M"), "usd_mn": [1.0, 2.5]}
)
TEXTS = {"title": "Trade rose", "subtitle": "USD million", "source": "Customs", "alt": "A line."}


def drawn(**changes):
    with style("rise"):
        picture = blank(2)
        axes = picture.add_subplot()
        axes.plot([0, 1], DATA["usd_mn"])
        axes.set_title("USD million")
    return Figure(**{"id": "rise", "data": DATA, "picture": picture, **TEXTS, **changes})


def luminance(colour):
    channels = [int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(colour, ground):
    light, dark = sorted([luminance(colour), luminance(ground)], reverse=True)
    return (light + 0.05) / (dark + 0.05)


@pytest.mark.parametrize("colour", sorted({*PALETTE, *trade.WIDTH_COLOURS.values()}))
def test_marks_stand_out_from_the_ground(colour):
    assert contrast(colour, PAPER) >= 3


@pytest.mark.parametrize("colour", [module.INK, module.QUIET])
def test_text_stands_out_from_the_ground(colour):
    assert contrast(colour, PAPER) >= 4.5


def test_the_palette_is_petroffs_but_for_three():
    sequence = [mpl.colors.to_hex(colour) for colour in mpl.color_sequences["petroff6"]]
    assert sum(mine == theirs for mine, theirs in zip(PALETTE, sequence, strict=True)) == 3


@pytest.mark.parametrize("missing", ["title", "source", "alt"])
def test_a_figure_without_its_words_is_refused(missing):
    name = {"alt": "alt text"}.get(missing, missing)
    with pytest.raises(ValueError, match=f"no {name}"):
        drawn(**{missing: " "})


def test_a_figure_without_data_or_with_a_bad_id_is_refused():
    with pytest.raises(ValueError, match="no data"):
        drawn(data=DATA.head(0))
    with pytest.raises(ValueError, match="small letters"):
        drawn(id="Fig 1")


def test_the_picture_is_the_same_bytes_each_time():
    first = drawn()
    assert first.svg == first.svg == drawn().svg


def test_noise_of_the_layout_leaves_the_bytes_as_they_are():
    def at(noise):
        with style("noise"):
            picture = blank(2)
            axes = picture.add_subplot()
            axes.set_xlim(0, 1)
            axes.plot([-1, 2], [0, 1])
            picture.draw_without_rendering()
            picture.set_layout_engine("none")
            axes.set_position([0.1 + noise, 0.2 - noise, 0.7 + noise, 0.6])
        return drawn(picture=picture).svg

    assert "clip-path" in at(0)
    assert at(0) == at(1e-13) == at(-1e-13)


def test_a_caption_for_a_file_leaves_the_picture_as_it_was(tmp_path):
    made = drawn()
    before = made.svg
    made.savefig(tmp_path / "rise.png")
    assert (tmp_path / "rise.png").stat().st_size > 0
    assert made.svg == before
    assert "Trade rose" not in made.svg


def test_the_page_can_read_it():
    assert FIGURE == notebook_build.FIGURE
    bundle = drawn()._repr_mimebundle_()
    read = read_figure(bundle[FIGURE], "here")
    back = pd.read_csv(io.StringIO(read.csv))
    assert list(back["month"]) == ["2018-01", "2018-02"]
    assert "USD million" in safe_svg(read.svg, read.id, read.alt)
    assert bundle["image/svg+xml"] == read.svg
    assert "A line." in bundle["text/plain"]


def test_the_fonts_of_the_reader_are_asked_for():
    svg = drawn().svg
    assert "system-ui" in svg
    assert "font-size: 10.5px" in svg


def test_source_line_ranks_publishers_by_their_rows():
    rows = ["Yonhap"] * 2 + ["Reuters"] * 3 + ["KBS World", None]
    assert (
        source_line(rows, "Customs", named=2)
        == "Customs, as reported by Reuters, Yonhap and 1 other."
    )
    assert source_line([], "Customs") == "Customs."


def test_widths_are_classed():
    bounds = pd.DataFrame(
        {"lower_usd_mn": [99.0, 90.0, 0.0, 5.0], "upper_usd_mn": [101.0, 110.0, 0.0, float("inf")]}
    )
    assert list(trade.width_class(trade.relative_width(bounds))) == [
        "under 5 %",
        "20 to 50 %",
        "under 5 %",
        "no upper bound",
    ]
