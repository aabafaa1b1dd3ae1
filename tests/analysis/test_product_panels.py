"""The part of page 03 that rests on a reader's panel: without one, with one, with a poor one."""

import numpy as np
import pandas as pd
import pytest

from analysis.claims import Finding, Prose
from analysis.figures.figure import Figure
from analysis.models.design_scores import planted
from analysis.models.product_designs import Variation, variations, varied_effects
from analysis.models.product_groups import Choice
from analysis.models.simulated_panel import Truth, simulated_panel
from analysis.paths import Paths, project_paths
from analysis.product_panels import PanelQuestion, one_source, panel_section, read_panel
from analysis.publish import parquet_bytes
from analysis.schemas import InputError
from analysis.sources.sanctions_map import read_product_measures

MEASURES = read_product_measures(project_paths())
RATIOS = {"Coal": 0.0, "Seafood": 0.3, "Textiles and garments": 0.2}


@pytest.fixture(scope="module")
def frame():
    """North Korea with effects planted, ten other partners without, six digits."""
    own = simulated_panel(MEASURES, Truth(planted(RATIOS)), seed=1, subdivided=2)
    others = [
        simulated_panel(MEASURES, Truth({}, noise=0.3), seed=partner, partner=partner)
        for partner in range(110, 120)
    ]
    others = [one.assign(hs=(one["hs"] + "10").astype("string")) for one in others]
    return pd.concat([own, *others], ignore_index=True)


@pytest.fixture
def paths(tmp_path):
    paths = Paths(tmp_path)
    paths.processed.mkdir(parents=True)
    return paths


def section(frame, **options):
    return list(panel_section(frame, MEASURES, PanelQuestion(draws=39, **options)))


def test_without_a_panel_the_page_says_what_would_give_one(paths):
    assert read_panel(paths) is None
    (text,) = section(None)
    assert isinstance(text, Prose)
    assert "gacc_export" in text.text and "make fetch" in text.text


def test_a_panel_on_the_disk_becomes_the_whole_section(paths, frame):
    (paths.processed / "product_panel.parquet").write_bytes(parquet_bytes(frame))
    read = read_panel(paths)
    pd.testing.assert_frame_equal(read, frame, check_dtype=False)
    shown = section(read)
    findings = {one.id: one for one in shown if isinstance(one, Finding)}
    for group, ratio in RATIOS.items():
        found = findings[f"panel-{group.lower().replace(' ', '-')}"]
        assert found.value == pytest.approx(100 * (ratio - 1), abs=12)
        assert found.lower <= found.value <= found.upper and found.level == 0.9
    figures = [one.id for one in shown if isinstance(one, Figure)]
    assert figures == ["effects_by_group", "effect_paths", "synthetic_control"]
    drift, margins, varied, donors = (
        one for one in shown if isinstance(one, pd.DataFrame) if "recorded" not in one
    )
    assert np.isinf(drift.loc["Coal", "times to undo"])
    assert margins.loc["Coal", "with trade %"] == 0
    assert "problem" not in varied
    assert varied["Coal"].drop("HS2").eq(-100.0).all()
    assert donors.loc["Textiles and garments", "recorded, % of synthetic"] == pytest.approx(
        20, abs=8
    )


def test_the_bounds_say_how_often_they_held_in_simulations(frame):
    scores = pd.read_csv(project_paths().validation / "designs.csv")
    said = " ".join(one.text for one in section(frame, scores=scores) if isinstance(one, Prose))
    own = scores[scores["method"] == "drift bounded"]
    held = int(((own["lower"] <= own["truth"]) & (own["truth"] <= own["upper"])).sum())
    assert f"On {len(own)} panels with planted effects they held the truth {held} times" in said
    # Nominal at least: an interval that held less often would not be called a bound.
    assert held / len(own) >= 0.9
    unscored = " ".join(one.text for one in section(frame) if isinstance(one, Prose))
    assert "None has been run in this copy" in unscored


def test_the_same_export_of_another_country_is_a_placebo(frame):
    shown = section(frame, partner=110)
    effects = [one for one in shown if isinstance(one, Finding)]
    holding_none = [one.lower <= 0 <= one.upper for one in effects]
    assert len(effects) >= 8 and np.mean(holding_none) >= 0.6
    # What is found is told of that country, under the name of a placebo, and of no other.
    assert all(one.sentence.startswith("Hong Kong,China, a placebo.") for one in effects)
    assert shown[0].text.startswith("**A placebo on your own data.**")
    assert "partner 110 (Hong Kong,China)" in shown[0].text


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda f: f[f["partner"] != 109], "no imports of partner 109"),
        (lambda f: f[f["month"] >= "2018-06"], "no ban falls inside"),
        (lambda f: f[f["month"] != "2016-02"], "no row at all"),
        (lambda f: f[f["hs"].str.startswith("62")], "nothing is left to compare"),
    ],
)
def test_a_panel_that_cannot_answer_is_told_apart_in_words(frame, change, said):
    shown = section(change(frame))
    words = " ".join(one.text for one in shown if isinstance(one, Prose))
    assert said in words
    assert not any(isinstance(one, Figure) for one in shown)


def test_of_two_sources_one_is_read(frame):
    few = frame[frame["month"] < "2016-01"].assign(source="another")
    chosen, source = one_source(pd.concat([frame, few]), PanelQuestion())
    assert source == "simulated" and len(chosen) == len(frame)


def test_a_file_of_another_shape_is_refused(paths, frame):
    broken = frame.assign(value_usd=-1.0)
    (paths.processed / "product_panel.parquet").write_bytes(parquet_bytes(broken))
    with pytest.raises(InputError, match="value_usd"):
        read_panel(paths)


def test_variations_differ_from_the_page_in_one_thing_each(frame):
    base = Variation(choice=Choice("eu"), level=6)
    chosen = variations(base)
    assert chosen["as on this page"] == base
    assert "HS6" not in chosen and "list: china" in chosen
    only = {name: chosen[name] for name in ("as on this page", "list: china")}
    table = varied_effects(frame, MEASURES, only, flow="import", partner=109)
    assert list(table.index) == list(only)
    assert table["Seafood"].between(-80, -60).all()
