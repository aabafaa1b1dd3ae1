"""A code gets the ban of the longest prefix, on the chosen list, in any of three revisions."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analysis.models.product_groups import (
    LISTS,
    NOT_BANNED,
    OTHER_REVISIONS,
    Choice,
    classify,
    group_of,
    lists_compared,
)
from analysis.paths import project_paths
from analysis.sources.sanctions_map import read_product_measures

MEASURES = read_product_measures(project_paths())


def ban(code, listed="china", flow="import", **choice):
    row = classify([code], MEASURES, flow, Choice(listed, **choice)).iloc[0]
    return row["group"], "" if row["group"] == NOT_BANNED else str(row["clean"]), row["coverage"]


@pytest.mark.parametrize(
    ("code", "listed", "expected"),
    [
        ("27011100", "china", ("Coal", "2017-03", "whole")),
        ("27011100", "eu", ("Coal", "2017-10", "whole")),
        ("2703", "china", (NOT_BANNED, "", "none")),
        ("2703", "eu", ("Coal", "2017-10", "whole")),
        ("27160000", "eu", (NOT_BANNED, "", "none")),
        ("0307", "china", ("Seafood", "2017-09", "whole")),
        ("62033100", "china", ("Textiles and garments", "2018-01", "whole")),
        # Ferro-alloys: China trades them, ferro-nickel excepted, which has a longer prefix.
        ("72022100", "china", (NOT_BANNED, "", "none")),
        ("72022100", "eu", ("Iron and iron ore", "2017-10", "whole")),
        ("72026000", "china", ("Copper, nickel, silver, zinc", "2017-01", "whole")),
        ("720260", "eu", ("Copper, nickel, silver, zinc", "2017-01", "whole")),
        # The ores that only the European list reads as copper, nickel and zinc.
        ("2608", "china", (NOT_BANNED, "", "none")),
        ("2608", "eu", ("Copper, nickel, silver, zinc", "2017-01", "whole")),
        # Below China's visible list.
        ("7201", "china", ("Iron and iron ore", "2017-10", "whole")),
        ("7201", "china_strict", (NOT_BANNED, "", "none")),
        # Iron ore is banned except roasted pyrites: part of the heading, whole or none below it.
        ("2601", "china", ("Iron and iron ore", "2017-10", "part")),
        ("260111", "china", ("Iron and iron ore", "2017-10", "whole")),
        ("26012000", "china", (NOT_BANNED, "", "none")),
        # A whole chapter bans what an older `ex` entry bans in part.
        ("253090", "china", ("Stone and earth", "2018-02", "whole")),
        # Copper wire has a prefix of its own inside machinery.
        ("854411", "china", ("Copper, nickel, silver, zinc", "2017-01", "whole")),
        ("8544", "china", ("Machinery", "2018-02", "whole")),
        ("9703", "china", ("Statues", "2017-01", "part")),
        # Parents of banned codes.
        ("27", "china", ("Coal", "2017-03", "part")),
        ("72", "eu", ("Iron and iron ore", "2017-10", "part")),
        ("6704", "eu", (NOT_BANNED, "", "none")),
        ("9108", "eu", (NOT_BANNED, "", "none")),
    ],
)
def test_known_codes(code, listed, expected):
    assert ban(code, listed) == expected


def test_without_the_suspension_coal_is_banned_from_its_resolution():
    assert ban("2701", suspension=False) == ("Coal", "2017-10", "whole")


def test_chinas_exports_have_their_own_bans():
    assert ban("8471", flow="export") == ("Machinery, vehicles, metals", "2018-02", "whole")
    assert ban("0306", flow="export")[0] == NOT_BANNED
    # A cap stops nothing: only aviation fuel inside it is banned.
    assert ban("271012", flow="export") == ("Aviation fuel", "2016-05", "part")


def test_codes_of_other_revisions_carry_the_same_measure():
    wood = ban("442010", flow="import")
    assert ban("442011") == ban("442019") == wood
    for prefix, others in OTHER_REVISIONS.items():
        for flow in ("import", "export"):
            for other in others:
                assert ban(other, "eu", flow)[:2] == ban(prefix, "eu", flow)[:2]


@settings(max_examples=40, deadline=None)
@given(st.from_regex(r"(?:\d\d){1,4}", fullmatch=True), st.sampled_from(LISTS))
def test_a_wholly_banned_code_bans_all_below_it(code, listed):
    above, below = ban(code[:4], listed), ban(code, listed)
    if above[2] == "whole":
        assert below[2] == "whole"
    if above[2] == "none":
        assert below[2] == "none"


def test_every_measure_has_a_group_and_every_code_a_row():
    bans = MEASURES[MEASURES["measure"].isin(["total_ban", "suspension"])]
    assert all(group_of(name) for name in bans["treatment_id"])
    table = classify(["27", "2701", "27"], MEASURES, "import")
    assert list(table["hs"]) == ["27", "2701"]
    with pytest.raises(KeyError, match="T9999"):
        group_of("T9999")
    with pytest.raises(ValueError, match="china_strict"):
        Choice("ours")


def test_the_lists_are_compared_measure_by_measure():
    table = lists_compared(MEASURES, "import").set_index("group")
    assert table.loc["Lead and lead ore", "both"] == "2607 7801 7802 7804 7806*"
    assert table.loc["Iron and iron ore", "eu_only"] == "7202"
    assert table["clean"].is_monotonic_increasing
