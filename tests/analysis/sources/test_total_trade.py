import shutil

import pytest

from analysis.paths import Paths, project_paths
from analysis.schemas import InputError
from analysis.sources.total_trade import AMOUNTS, read_printed_shares, read_total_trade
from analysis.sources.trade_shares import read_trade_shares
from analysis.sources.votes import read_votes


@pytest.fixture
def root(tmp_path) -> Paths:
    paths = Paths(tmp_path)
    paths.raw.mkdir(parents=True)
    for name in ("dprk_total_trade_annual.csv", "gacc_commodities.csv", "datapackage.json"):
        shutil.copy2(project_paths().raw / name, paths.raw / name)
    return paths


def rewrite(paths: Paths, table: str, old: str, new: str) -> None:
    file = paths.raw / table
    text = file.read_text(encoding="utf-8")
    assert text.count(old) >= 1
    file.write_text(text.replace(old, new, 1), encoding="utf-8")


def test_billions_become_millions_with_the_interval_of_their_digits():
    table = read_total_trade(project_paths())
    row = table[
        (table["year"] == 2018) & (table["series"] == "KOTRA") & (table["amount"] == "total")
    ]
    assert row["usd_mn"].item() == pytest.approx(2_840)
    assert row["lower_usd_mn"].item() == pytest.approx(2_835)
    assert row["upper_usd_mn"].item() == pytest.approx(2_850)


def test_every_printed_amount_is_read_and_what_cannot_be_used_says_why():
    table = read_total_trade(project_paths())
    assert set(table["amount"]) == set(AMOUNTS.values())
    aside = table[table["set_aside"].notna()]
    assert len(aside) == 5
    misprint = aside[aside["set_aside"] == "a misprint in the source"]
    assert misprint[["year", "amount"]].to_numpy().tolist() == [[2007, "exports"]]
    assert set(aside["year"]) == {2007, 2013}


def test_shares_stand_with_their_publisher():
    shares = read_printed_shares(project_paths())
    of_2018 = shares[shares["year"] == 2018].set_index("series")["percent"]
    assert of_2018["KOTRA"] == 95.8 and of_2018["KITA"] == 91.8


def test_a_word_in_place_of_an_amount_is_refused_by_name(root):
    rewrite(root, "dprk_total_trade_annual.csv", "none,excluded", "about 0.3,excluded")
    with pytest.raises(InputError, match=r"crude_oil_estimate_included_usd_bn.*about 0\.3"):
        read_total_trade(root)


def test_printed_shares_of_goods_are_read_as_per_cent():
    shares = read_trade_shares(project_paths())
    coal = shares[(shares["product"] == "coal") & (shares["flow"] == "import")]
    assert coal["percent"].item() == 47.0
    assert (coal["lower"].item(), coal["upper"].item()) == (46.5, 48.0)
    assert set(shares["flow"]) == {"import", "export"}


def test_a_share_that_is_no_number_is_refused(root):
    rewrite(root, "gacc_commodities.csv", "coal (share),,,47", "coal (share),,,almost half")
    with pytest.raises(InputError, match="almost half"):
        read_trade_shares(root)


def test_votes_are_read_with_who_blocked():
    votes = read_votes(project_paths())
    last = votes.iloc[-1]
    assert str(last["day"].date()) == "2024-03-28"
    assert (last["in_favour"], last["against"], last["abstaining"]) == (13, 1, 1)
    # China is named in the same event, but behind the verb: it abstained.
    assert last["permanent_against"] == 1
