"""The loopback server behaves as documented towards the real client, whose own habits are pinned.

The second half is about `comtradeapicall` itself: a new version that behaves otherwise breaks here
first, and not in whatever leans on it.
"""

from __future__ import annotations

import json
from importlib.metadata import version

import comtradeapicall
import pandas as pd
import pytest
import urllib3
from comtrade_server import (
    ANNUAL,
    CHINA,
    DPRK,
    PREVIEW_LIMIT,
    ComtradeServer,
    Fault,
    records_of,
    redirected,
)
from gacc_export_files import many_products, truth_panel

SEED = 408
PANEL = truth_panel(SEED, first_month="2017-01", last_month="2017-03", partners=("109", "133"))
RECORDS = records_of(PANEL)
TOTALS = {"partner2Code": "0", "customsCode": "C00", "motCode": "0"}


def asked(key: str | None = None, **changes):
    """One call of the real client: China's imports from the DPRK, January 2017, HS2, at totals."""
    query = {"typeCode": "C", "freqCode": "M", "clCode": "HS", "period": "201701",
             "reporterCode": str(CHINA), "cmdCode": "AG2", "flowCode": "M",
             "partnerCode": str(DPRK)} | TOTALS | changes  # fmt: skip
    if key:
        return comtradeapicall.getFinalData(key, **query)
    return comtradeapicall.previewFinalData(**query)


def january(flow: str = "import", partner: str = "109") -> pd.DataFrame:
    month = PANEL["month"] == pd.Period("2017-01", "M")
    return PANEL[month & (PANEL["flow"] == flow) & (PANEL["partner"] == partner)]


@pytest.fixture
def served():
    with ComtradeServer(RECORDS) as server, redirected(server):
        yield server


@pytest.mark.parametrize("level", ["AG2", "AG4", "AG6", "TOTAL"])
@pytest.mark.parametrize("key", [None, "a-subscription-key"])
def test_each_level_adds_up_to_the_panel(served, level, key):
    answer = asked(key, cmdCode=level)
    assert answer["primaryValue"].sum() == january()["value_usd"].sum()
    assert set(answer["cmdCode"].str.len()) == {5 if level == "TOTAL" else int(level[2])}
    assert (answer["cifvalue"] == answer["primaryValue"]).all() and answer["fobvalue"].isna().all()


def test_flows_and_partners_are_told_apart(served):
    exports = asked(flowCode="X", partnerCode="410")
    assert exports["primaryValue"].sum() == january("export", "133")["value_usd"].sum()
    assert (exports["fobvalue"] == exports["primaryValue"]).all()
    assert len(asked(flowCode="M,X")) > len(asked())


def test_rows_come_twice_when_a_breakdown_is_left_open(served):
    right = january()["value_usd"].sum()
    for name in TOTALS:
        assert asked(**{name: None})["primaryValue"].sum() == 2 * right
    assert asked(**dict.fromkeys(TOTALS))["primaryValue"].sum() == 4 * right


def test_a_year_carries_month_52(served):
    year = asked(freqCode="A", period="2017", cmdCode="TOTAL")
    assert year["refMonth"].tolist() == [ANNUAL]
    dprk = (PANEL["flow"] == "import") & (PANEL["partner"] == "109")
    assert year["primaryValue"].tolist() == [PANEL.loc[dprk, "value_usd"].sum()]


def test_net_weight_has_either_name():
    other = records_of(PANEL.head(3), weight="netWeight")
    assert all("netWeight" in row and "netWgt" not in row for row in other)
    coal = next(
        row for row in RECORDS
        if row["cmdCode"] == "2701" and row["period"] == "201701" and row["flowCode"] == "M"
        and row["partnerCode"] == DPRK and row["motCode"] == 0
    )  # fmt: skip
    tonnes = january().set_index("hs8").loc["27011100", "quantity"]
    assert coal["netWgt"] == tonnes


def test_the_preview_is_cut_at_500_and_does_not_say_so():
    lines = many_products(700, ["61", "62", "84", "85"])
    panel = truth_panel(SEED, first_month="2017-01", last_month="2017-01", products=lines,
                        flows=("import",), zero_share=0.0)  # fmt: skip
    records = records_of(panel, breakdowns=False, annual=False)
    with ComtradeServer(records) as server, redirected(server):
        cut, whole = asked(cmdCode="AG6"), asked(server.key, cmdCode="AG6")
        count = comtradeapicall.previewCountFinalData(
            "C", "M", "HS", "201701", str(CHINA), "AG6", "M", str(DPRK), **TOTALS
        )
    assert len(cut) == PREVIEW_LIMIT < len(whole) == panel["hs8"].str[:6].nunique()
    assert count["count"].tolist() == [PREVIEW_LIMIT]


def test_the_preview_takes_one_period_and_the_key_several(served, capsys):
    assert asked(period="201701,201702") is None
    assert "one period a call" in capsys.readouterr().out
    assert set(asked(served.key, period="201701,201702")["period"]) == {"201701", "201702"}


def test_a_wrong_key_is_denied(served, capsys):
    assert asked("another-key") is None
    assert "401" in capsys.readouterr().out


def test_an_answer_may_be_empty(served):
    assert asked(period="201612").empty


def test_faults_are_used_in_order_and_by_period():
    by_period = {"201702": [Fault("no_rows")]}
    faults = [None, Fault("server_error")]
    served = ComtradeServer(RECORDS, faults=faults, faults_by_period=by_period)
    with served as server, redirected(server):
        assert asked(period="201702").empty
        assert not asked().empty
        assert asked() is None
        assert not asked(period="201702").empty
    assert [r.query["period"] for r in server.requests] == ["201702", "201701", "201701", "201702"]
    assert server.requests[0].query["reportercode"] == str(CHINA)


def test_nothing_goes_anywhere_else(served):
    with pytest.raises(AssertionError, match=r"https://example\.org"):
        urllib3.PoolManager().request("GET", "https://example.org/")


# What the client makes of failures


def after(*faults: Fault) -> ComtradeServer:
    return ComtradeServer(RECORDS, faults=faults)


def test_the_client_is_the_version_described():
    assert version("comtradeapicall").startswith("1.3")


@pytest.mark.parametrize("status", [429, 503])
def test_a_refusal_that_names_a_wait_is_repeated_by_urllib3(status):
    kind = "refused" if status == 429 else "server_error"
    fault = Fault(kind, retry_after=0, status=status)
    with after(fault, fault, fault) as server, redirected(server):
        assert not asked().empty
    assert len(server.requests) == 4
    with after(*[fault] * 4) as server, redirected(server):
        assert asked() is None


@pytest.mark.parametrize(
    "fault",
    [Fault("refused"), Fault("quota"), Fault("server_error"), Fault("server_error", status=502)],
)
def test_other_refusals_are_nothing_at_all_to_the_caller(fault, capsys):
    with after(fault) as server, redirected(server):
        assert asked() is None
    assert len(server.requests) == 1
    assert "message" in capsys.readouterr().out


@pytest.mark.parametrize("kind", ["truncated", "html", "no_body"])
def test_what_is_no_json_raises(kind):
    with after(Fault(kind)) as server, redirected(server), pytest.raises(json.JSONDecodeError):
        asked()


def test_an_error_with_status_200_raises():
    with after(Fault("no_data")) as server, redirected(server), pytest.raises(KeyError):
        asked()


def test_a_cut_connection_is_repeated_and_then_nothing():
    with after(Fault("cut")) as server, redirected(server):
        assert not asked().empty
    with after(*[Fault("cut")] * 4) as server, redirected(server):
        assert asked() is None


def test_the_plural_call_loses_a_refused_month_without_a_word():
    faults = {"201702": [Fault("refused")]}
    with ComtradeServer(RECORDS, faults_by_period=faults) as server, redirected(server):
        answer = comtradeapicall._previewFinalData(
            "C", "M", "HS", "201701,201702,201703", str(CHINA), "AG2", "M", str(DPRK), **TOTALS
        )
    assert set(answer["period"]) == {"201701", "201703"}
