"""`make fetch` against a server on this machine that answers, refuses and cuts as Comtrade does."""

from __future__ import annotations

import hashlib
import json

import pandas as pd
import pytest
from comtrade_server import ComtradeServer, Fault, records_of, redirected
from gacc_export_files import many_products, truth_panel

from analysis.fetch import KEY_VARIABLE, PAUSE, WAITS, FetchStopped, fetch, main, missing
from analysis.paths import ROOT_VARIABLE
from analysis.schemas import InputError
from analysis.sources.comtrade import (
    LEVELS,
    MANIFEST,
    PREVIEW_LIMIT,
    Query,
    ask,
    file_name,
    read_comtrade,
    read_manifest,
)

SEED = 4080
MONTHS = pd.period_range("2017-01", "2017-03", freq="M")
TRUTH = truth_panel(SEED, first_month="2017-01", last_month="2017-03", partners=("109", "133"))
RECORDS = records_of(TRUTH)
KEY = "a-subscription-key"


def expected(level: int, partner: str = "109") -> pd.Series:
    own = TRUTH[TRUTH["partner"] == partner]
    return own.groupby([own["month"], "flow", own["hs8"].str[:level]])["value_usd"].sum()


def values(panel: pd.DataFrame, level: int) -> pd.Series:
    own = panel[panel["hs"].str.len() == level]
    return own.set_index(["month", "flow", "hs"])["value_usd"]


def assert_holds_the_truth(folder, partner: str = "109") -> None:
    panel, _, account = read_comtrade(folder)
    assert set(panel["partner"]) == {int(partner)}
    for level in LEVELS:
        pd.testing.assert_series_equal(
            values(panel, level).sort_index(),
            expected(level, partner).sort_index(),
            check_names=False,
            check_dtype=False,
            check_index_type=False,
        )
    assert (account["rows_read"] == account["rows_used"] + account["rows_set_aside"]).all()


def run(folder, *, key=None, partner=109, waited=None, **server):
    sleep = (waited if waited is not None else []).append
    with ComtradeServer(RECORDS, **server) as served, redirected(served):
        try:
            fetch(folder, partner, MONTHS, key, sleep=sleep, quiet=True)
        finally:
            run.requests = served.requests
    return served.requests


@pytest.mark.parametrize(("key", "calls"), [(None, 18), (KEY, 6)])
def test_each_level_and_flow_is_the_truth_with_or_without_a_key(key, calls, tmp_path):
    requests = run(tmp_path, key=key)
    assert len(requests) == calls
    assert_holds_the_truth(tmp_path)
    asked = {name: {r.query[name] for r in requests} for name in
             ("partner2code", "customscode", "motcode")}  # fmt: skip
    assert asked == {"partner2code": {"0"}, "customscode": {"C00"}, "motcode": {"0"}}
    assert run(tmp_path, key=key) == []


def test_any_partner_may_be_asked_for(tmp_path):
    run(tmp_path, key=KEY, partner=133)
    assert_holds_the_truth(tmp_path, "133")


def test_the_key_is_nowhere_on_the_disk_nor_in_a_message(tmp_path):
    run(tmp_path, key=KEY)
    for file in tmp_path.iterdir():
        assert KEY not in file.read_text(encoding="utf-8")
    with pytest.raises(FetchStopped) as stopped:
        run(tmp_path / "denied", key="a-wrong-key")
    assert "a-wrong-key" not in str(stopped.value) and "check the key" in str(stopped.value)
    assert len(run.requests) == 1


TRANSIENT = [
    Fault("refused"),
    Fault("server_error"),
    Fault("truncated"),
    Fault("html"),
    Fault("no_body"),
    Fault("no_data"),
    Fault("refused", retry_after=0),
    Fault("cut"),
]


def test_after_every_passing_failure_it_waits_and_goes_on(tmp_path):
    faults = [None, *(fault for failure in TRANSIENT for fault in (failure, None))]
    waited = []
    run(tmp_path, faults=faults, waited=waited)
    assert_holds_the_truth(tmp_path)
    # The last two are repeated by the client itself.
    assert waited.count(WAITS[0]) == len(TRANSIENT) - 2


def test_waits_grow_and_then_it_stops_and_later_goes_on_where_it_was(tmp_path):
    waited = []
    faults = [None] * 4 + [Fault("refused")] * (len(WAITS) + 1)
    with pytest.raises(FetchStopped, match=r"4 of 18 answers.*Rate limit(.|\n)*goes on from here"):
        run(tmp_path, faults=faults, waited=waited)
    assert [wait for wait in waited if wait != PAUSE] == list(WAITS)
    assert len(read_manifest(tmp_path)) == 4
    assert len(run(tmp_path)) == 14
    assert_holds_the_truth(tmp_path)


def test_a_used_up_quota_stops_at_once(tmp_path):
    with pytest.raises(FetchStopped, match="quota"):
        run(tmp_path, faults=[Fault("quota")])
    assert len(run.requests) == 1


def test_a_month_refused_for_good_is_not_lost_from_a_longer_fetch(tmp_path):
    with pytest.raises(FetchStopped):
        run(tmp_path, faults_by_period={"201702": [Fault("refused")] * (len(WAITS) + 1)})
    queries = missing(tmp_path, 109, MONTHS, None)
    assert Query(109, "import", 2, ("201702",)) in queries
    assert Query(109, "import", 2, ("201701",)) not in queries


def test_a_month_without_rows_is_asked_for_again(tmp_path):
    run(tmp_path, faults_by_period={"201703": [Fault("no_rows")]})
    assert missing(tmp_path, 109, MONTHS, None) == [Query(109, "import", 2, ("201703",))]
    assert len(run(tmp_path)) == 1
    assert_holds_the_truth(tmp_path)


def test_an_answer_that_would_be_cut_is_asked_in_parts(tmp_path):
    lines = many_products(700, ["61", "62", "84", "85"])
    truth = truth_panel(SEED, first_month="2017-01", last_month="2017-01", products=lines,
                        flows=("import",), zero_share=0.0)  # fmt: skip
    january = MONTHS[:1]
    served = ComtradeServer(records_of(truth, breakdowns=False, annual=False))
    with served as server, redirected(server):
        fetch(tmp_path, 109, january, None, sleep=[].append, quiet=True)
    panel, _, _ = read_comtrade(tmp_path)
    for level in LEVELS:
        codes = truth["hs8"].str[:level]
        found = panel[panel["hs"].str.len() == level].set_index("hs")["value_usd"]
        wanted = truth["value_usd"].groupby(codes).sum()
        assert found.to_dict() == wanted.to_dict()
    assert truth["hs8"].str[:6].nunique() > PREVIEW_LIMIT
    assert max(len(r.query["cmdcode"]) for r in server.requests) < 4000


def test_parts_and_years_among_the_rows_are_set_aside(tmp_path):
    run(tmp_path)
    name = file_name(Query(109, "import", 2, ("201701",)))
    content = json.loads((tmp_path / name).read_text(encoding="utf-8"))
    extra = [row for row in RECORDS if row["partnerCode"] == 408 and row["flowCode"] == "M"
             and row["period"] in ("201701", "2017") and len(row["cmdCode"]) in (2, 5)]  # fmt: skip
    content["rows"] += [row for row in extra if row not in content["rows"]]
    replaced = json.dumps(content).encode()
    (tmp_path / name).write_bytes(replaced)
    with pytest.raises(InputError, match=rf"{name}.*make fetch"):
        read_comtrade(tmp_path)
    accept(tmp_path, name, replaced)
    assert_holds_the_truth(tmp_path)
    _, aside, _ = read_comtrade(tmp_path)
    reasons = set(aside["reason"])
    assert len(reasons) == 3 and {"a year among months"} < reasons


def accept(folder, name, content) -> None:
    manifest = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
    manifest["files"][name]["sha256"] = hashlib.sha256(content).hexdigest()
    (folder / MANIFEST).write_text(json.dumps(manifest), encoding="utf-8")


def test_a_spoiled_answer_is_fetched_again(tmp_path):
    run(tmp_path)
    spoiled = tmp_path / file_name(Query(109, "export", 6, ("201702",)))
    spoiled.write_bytes(spoiled.read_bytes()[:100])
    with pytest.raises(InputError, match=spoiled.name):
        read_comtrade(tmp_path)
    assert len(run(tmp_path)) == 1
    assert_holds_the_truth(tmp_path)


def test_a_file_copied_into_the_folder_is_refused(tmp_path):
    run(tmp_path, key=KEY)
    (tmp_path / "other.json").write_text("{}")
    with pytest.raises(InputError, match=r"other\.json.*manifest"):
        read_comtrade(tmp_path)


def test_either_name_of_the_weight_is_read(tmp_path):
    old = records_of(TRUTH, breakdowns=False, annual=False, weight="netWeight")
    with ComtradeServer(old) as server, redirected(server):
        fetch(tmp_path, 109, MONTHS, KEY, sleep=[].append, quiet=True)
    panel, _, _ = read_comtrade(tmp_path)
    coal = panel[(panel["hs"] == "2701") & (panel["flow"] == "import")]
    assert coal["quantity"].gt(0).all() and set(coal["unit"]) == {"kilogram"}


def test_an_answer_to_another_query_is_no_answer():
    with ComtradeServer(RECORDS) as server, redirected(server):
        rows = ask(Query(109, "import", 2, ("201701",)), None)
    assert {row["cmdCode"] for row in rows} == set(
        expected(2)[pd.Period("2017-01", "M"), "import"].index
    )


def test_the_command_reads_the_key_from_the_environment(tmp_path, monkeypatch, capsys):
    monkeypatch.setenv(ROOT_VARIABLE, str(tmp_path))
    monkeypatch.setenv(KEY_VARIABLE, KEY)
    monkeypatch.setattr("analysis.fetch.PAUSE", 0)
    with ComtradeServer(RECORDS) as server, redirected(server):
        main(["--first", "2017-01", "--last", "2017-03"])
    assert {r.query.get("subscription-key") for r in server.requests} == {KEY}
    out = capsys.readouterr()
    assert "6 answers" in out.out and KEY not in out.out + out.err
    assert_holds_the_truth(tmp_path / "data" / "raw" / "comtrade")
