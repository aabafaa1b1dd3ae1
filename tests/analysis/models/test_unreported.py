import time

import numpy as np
import pandas as pd
import pytest

from analysis.models.cap import Cap
from analysis.models.tanker_counts import Window
from analysis.models.unreported import (
    DIESEL_RATE,
    PETROL_RATE,
    Priors,
    breaches,
    break_even_shares,
    priors_table,
    quantile_error,
    seed_table,
    simulate,
    totals_by_year,
)

DAY = pd.Timestamp
#: The counts of 2018 and 2023 with their printed capacity, and one of unknown size.
YEARS = {
    2018: (
        Window(DAY("2018-01-01"), DAY("2018-05-30"), 89, (1_519_587.0, 1_519_587.0), ("a",)),
        Window(DAY("2018-05-31"), DAY("2018-12-31"), 174, (2_260_413.0, 2_260_413.0), ("b",)),
    ),
    2019: (Window(DAY("2019-01-01"), DAY("2019-04-30"), 79, (1.1e6, 2.6e6), ("c",)),),
    2023: (Window(DAY("2023-01-01"), DAY("2023-09-15"), 87, (1_692_646.0, 1_692_646.0), ("d",)),),
}
CAPS = {
    year: Cap(("x",), "refined", 500_000.0, np.nan, DAY(year, 1, 1), DAY(year, 12, 31))
    for year in YEARS
}


def nothing_reported(year, barrels=0.0):
    months = pd.period_range(f"{year}-01", f"{year}-12", freq="M")
    running = barrels * np.arange(1, 13) / 12
    return pd.DataFrame({"month": months, "lower_bbl": running, "upper_bbl": running})


REPORTED = {year: nothing_reported(year) for year in YEARS}


def as_printed(share):
    """Nothing open but the laden share given: the counts as printed."""
    return Priors((share, share), (share, share), (1.0, 1.0), (0.5, 0.5), 0.0)


@pytest.fixture(scope="module")
def found():
    return simulate(YEARS, REPORTED, Priors(), draws=20_000, seed=7)


@pytest.mark.parametrize(
    ("share", "year", "printed"),
    [(0.9, 2018, 3_402_000), (0.9, 2023, 1_523_381), (0.6, 2023, 1_015_588)],
)
def test_without_open_inputs_the_printed_volumes_come_back(share, year, printed):
    """3.78 million barrels fully laden are 3,402,000 at 90 %."""
    run = simulate({year: YEARS[year]}, REPORTED, as_printed(share), draws=10, seed=1)[year]
    assert run.counted[:, -1] == pytest.approx(np.full(10, printed), abs=1)
    first = int(run.ends.get_loc(YEARS[year][0].last))
    if year == 2018:
        assert run.counted[:, first] == pytest.approx(np.full(10, 1_367_628), abs=1)


def test_an_independent_simulation_one_draw_at_a_time_agrees(found):
    rng = np.random.default_rng(99)
    totals = []
    for _ in range(6_000):
        share, seen = rng.uniform(1 / 3, 0.9), rng.uniform(0.7, 1.0)
        petrol = rng.uniform()
        rate = petrol * PETROL_RATE + (1 - petrol) * DIESEL_RATE
        size = rng.uniform(1.1e6, 2.6e6) / 79
        # Each seen call ends a run of calls whose length is geometric.
        calls = sum(rng.geometric(seen, 79))
        totals.append(calls * size * share * rate / ((PETROL_RATE + DIESEL_RATE) / 2))
    ours = found[2019].counted[:, -1]
    error = np.hypot(np.std(totals) / np.sqrt(6_000), ours.std() / np.sqrt(len(ours)))
    assert abs(np.mean(totals) - ours.mean()) < 4 * error
    for level in (0.05, 0.5, 0.95):
        allowed = 4 * np.hypot(
            quantile_error(np.array(totals), level, batches=30), quantile_error(ours, level)
        )
        assert abs(np.quantile(totals, level) - np.quantile(ours, level)) < allowed


def test_the_detection_law_recovers_the_true_number_of_calls():
    """Of 200 true calls a binomial part is seen; the drawn calls hold 200 nine times in ten."""
    rng = np.random.default_rng(5)
    held = 0
    for number in range(300):
        seen = int(rng.binomial(200, 0.8))
        window = (Window(DAY("2018-01-01"), DAY("2018-12-31"), seen, (seen, seen), ("x",)),)
        priors = Priors((1.0, 1.0), (1.0, 1.0), (0.8, 0.8), (0.5, 0.5), 0.0)
        run = simulate({2018: window}, REPORTED, priors, draws=300, seed=number)[2018]
        low, high = np.quantile(run.counted[:, -1], (0.05, 0.95))
        held += low <= 200 <= high
    # Standard error 0.017.
    assert held / 300 == pytest.approx(0.9, abs=0.055)


def test_calls_spread_over_the_days_of_their_window(found):
    run = found[2018]
    ends = list(run.ends)
    by_april = run.counted[:, ends.index(DAY("2018-04-30"))].mean()
    by_may = run.counted[:, ends.index(DAY("2018-05-30"))].mean()
    assert by_april / by_may == pytest.approx(120 / 150, rel=0.01)
    assert (np.diff(run.counted, axis=1) >= 0).all()


def test_uncounted_days_enter_the_scenario_alone(found):
    run = found[2019]
    after = run.counted[:, list(run.ends).index(DAY("2019-04-30")) :]
    assert (after == after[:, :1]).all()
    # 245 days at the pace of 120, the lognormal's mean of exp(0.08) on top.
    ratio = (run.scenario / run.counted[:, -1]).mean()
    assert ratio == pytest.approx(1 + 245 / 120 * np.exp(0.5 * 0.4**2), rel=0.01)
    # Every day of 2018 was counted: its scenario adds nothing.
    assert found[2018].scenario == pytest.approx(found[2018].counted[:, -1])


def test_reports_are_added_once_and_by_day():
    run = simulate(
        {2023: YEARS[2023]},
        {2023: nothing_reported(2023, 365_000.0)},
        as_printed(0.6),
        draws=5,
        seed=1,
    )[2023]
    assert run.counted_total == pytest.approx(np.full(5, 1_015_588 + 365_000), abs=1)
    end_of_june = list(run.ends).index(DAY("2023-06-30"))
    assert run.reported[:, end_of_june] == pytest.approx(np.full(5, 182_500))


def test_a_breach_is_dated_inside_its_window():
    """60 % laden, nothing missed: 1,015,588 barrels in 258 days pass 500,000 on day 128."""
    run = simulate({2023: YEARS[2023]}, REPORTED, as_printed(0.6), draws=4_000, seed=3)
    table = breaches(run, CAPS).iloc[0]
    assert table["chance"] == 1.0
    assert table["middle"].day_of_year == pytest.approx(128, abs=2)
    assert table["earliest"] < table["middle"] < table["latest"]


def test_the_break_even_share_is_where_a_breach_begins():
    reports = {2023: nothing_reported(2023, 200_000.0)}
    row = break_even_shares({2023: YEARS[2023]}, reports, CAPS).iloc[0]
    assert row["with_reports_lower"] == pytest.approx(300_000 / 1_692_646)
    assert row["calls_alone_upper"] == pytest.approx(500_000 / 1_692_646)
    for step, chance in ((0.99, 0.0), (1.01, 1.0)):
        share = step * row["with_reports_upper"]
        run = simulate({2023: YEARS[2023]}, reports, as_printed(share), draws=10, seed=1)
        assert totals_by_year(run, CAPS)["chance_above_cap"].item() == chance


def test_no_breach_no_date():
    low = simulate({2023: YEARS[2023]}, REPORTED, as_printed(0.2), draws=200, seed=3)
    table = breaches(low, CAPS).iloc[0]
    assert table["chance"] == 0 and pd.isna(table["middle"])


def test_totals_say_how_sure_the_cap_was_passed(found):
    totals = totals_by_year(found, CAPS).set_index("year")
    assert (totals["counted_lower"] < totals["counted_middle"]).all()
    assert (totals["scenario_upper"] >= totals["counted_upper"] - 1e-6).all()
    assert totals.loc[2018, "floor_bbl"] == pytest.approx(3_780_000 / 3)
    assert totals.loc[2018, "chance_above_cap"] == 1.0


def test_a_years_draws_depend_on_seed_alone(found):
    alone = simulate({2019: YEARS[2019]}, REPORTED, Priors(), draws=20_000, seed=7)
    assert (alone[2019].counted == found[2019].counted).all()


def test_seeds_move_results_by_their_monte_carlo_error(found):
    others = {s: simulate(YEARS, REPORTED, Priors(), draws=20_000, seed=s) for s in (8, 9)}
    table = seed_table({7: found, **others})
    assert len(table) == 9
    assert table["spread_in_errors"].max() < 5


def test_a_hundred_thousand_draws_take_under_five_seconds():
    more = {
        year: (Window(DAY(year, 1, 1), DAY(year, 9, 30), 100, (1.0e6, 1.2e6), ("x",)),)
        for year in (2020, 2022, 2024)
    }
    reports = {year: nothing_reported(year) for year in (*YEARS, *more)}
    start = time.process_time()
    simulate({**YEARS, **more}, reports, Priors(), draws=100_000, seed=1)
    assert time.process_time() - start < 5


@pytest.mark.parametrize(
    "wrong",
    [
        {"laden_share": (0.9, 0.3)},
        {"laden_share": (0.5, 1.2)},
        {"detection": (0.0, 1.0)},
        {"pace_log_sd": -0.1},
    ],
)
def test_impossible_priors_are_refused(wrong):
    with pytest.raises(ValueError, match=next(iter(wrong))):
        Priors(**wrong)


def test_every_prior_has_its_reason():
    table = priors_table(Priors())
    assert table["reason"].str.len().gt(30).all() and (table["from"] <= table["to"]).all()
