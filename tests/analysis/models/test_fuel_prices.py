import numpy as np
import pandas as pd
import pytest

from analysis.models.fuel_prices import (
    change_around,
    changes_by_event,
    dollar_prices,
    level_by_period,
    price_series,
)

DAY = pd.Timestamp
CROSS = pd.DataFrame(
    {"cny_per_usd": 6.5, "usd_per_eur": 1.2},
    index=pd.date_range("2017-01-01", "2018-12-31", freq="D"),
)


def prints(*rows):
    frame = pd.DataFrame(rows, columns=["collector", "item", "day", "price", "currency"])
    days = pd.to_datetime(frame["day"])
    return frame.assign(
        line=range(2, 2 + len(frame)),
        place="Pyongyang",
        first_day=days,
        last_day=days,
        lower=frame["price"],
        upper=frame["price"],
        set_aside=None,
    )


def test_won_become_dollars_at_the_collectors_own_rate():
    table = dollar_prices(
        prints(
            ("A", "gasoline", "2017-10-06", 13_000.0, "KPW"),
            ("A", "exchange rate CNY", "2017-10-06", 1_000.0, "KPW"),
            ("B", "exchange rate USD", "2017-10-06", 8_000.0, "KPW"),
            ("B", "diesel", "2017-10-10", 8_000.0, "KPW"),
            ("C", "diesel", "2017-10-10", 1.0, "EUR"),
            ("C", "gasoline", "2018-10-10", 9_000.0, "KPW"),
        ),
        CROSS,
    ).set_index(["collector", "item"])
    assert table.loc[("A", "gasoline"), "usd_per_kg"] == pytest.approx(2.0)
    assert table.loc[("A", "gasoline"), "rate_from"] == "A"
    assert table.loc[("B", "diesel"), "usd_per_kg"] == pytest.approx(1.0)
    assert table.loc[("C", "diesel"), "usd_per_kg"] == pytest.approx(1.2)
    far = table.loc[("C", "gasoline")]
    assert np.isnan(far["usd_per_kg"]) and "no market rate" in far["set_aside"]


def test_a_borrowed_rate_says_whose_it_is_and_two_rates_make_an_interval():
    table = dollar_prices(
        prints(
            ("A", "gasoline", "2017-10-06", 16_000.0, "KPW"),
            ("B", "exchange rate USD", "2017-10-01", 8_000.0, "KPW"),
            ("B", "exchange rate USD", "2017-10-20", 10_000.0, "KPW"),
        ),
        CROSS,
    ).iloc[0]
    assert table["rate_from"] == "B"
    assert (table["lower_usd"], table["upper_usd"]) == (1.6, 2.0)
    assert table["usd_per_kg"] == pytest.approx(16_000 / np.sqrt(8e7))


def series(prices, days):
    return pd.DataFrame({"day": days, "usd_per_kg": prices})


def walk(rng, jump=0.0, daily=0.02):
    """A price that wanders, printed every 15 days, with a jump in the middle."""
    days = pd.date_range("2017-01-01", periods=400, freq="D")
    logs = rng.normal(0, daily, 400).cumsum() + np.where(np.arange(400) >= 200, jump, 0.0)
    return series(np.exp(logs)[::15], days[::15]), days[200]


def test_wandering_alone_is_called_a_change_as_seldom_as_stated():
    rng = np.random.default_rng(11)
    verdicts = []
    for _ in range(200):
        printed, event = walk(rng)
        verdicts.append(change_around(printed, event, level=0.9)["verdict"])
    false = np.mean([verdict in ("rise", "fall") for verdict in verdicts])
    # 10 % is stated; standard error 0.021.
    assert 0.04 < false < 0.165


def test_a_large_jump_is_found_and_its_interval_holds_it():
    rng = np.random.default_rng(12)
    found = [change_around(*walk(rng, jump=0.9)) for _ in range(60)]
    assert np.mean([one["verdict"] == "rise" for one in found]) > 0.95
    inside = [one["lower_percent"] <= 100 * np.expm1(0.9) <= one["upper_percent"] for one in found]
    assert np.mean(inside) > 0.8


def test_sparse_dates_give_no_verdict():
    days = [DAY("2017-01-01"), DAY("2017-08-01"), DAY("2017-10-01")]
    few = change_around(series([1.0, 2.0, 3.0], days), DAY("2017-09-11"))
    assert few["verdict"] == "not measured" and few["change_percent"] == pytest.approx(50)
    none = change_around(series([1.0], days[:1]), DAY("2017-09-11"))
    assert none["verdict"] == "not measured" and pd.isna(none["after"])
    far = change_around(
        series([1.0, 2.0], [DAY("2016-01-01"), DAY("2017-10-01")]), DAY("2017-09-11")
    )
    assert np.isnan(far["change_percent"])


def test_collectors_are_never_joined():
    dollars = dollar_prices(
        prints(
            ("A", "gasoline", "2017-09-01", 1.0, "USD"),
            ("B", "gasoline", "2017-09-20", 3.0, "USD"),
        ),
        CROSS,
    )
    own = price_series(dollars)
    changes = changes_by_event(own, {"cap": "2017-09-11"})
    assert set(changes["verdict"]) == {"not measured"}
    level = level_by_period(own, [("autumn", "2017-09-01", "2017-11-30")])
    assert dict(zip(level["collector"], level["usd_per_kg"], strict=True)) == {"A": 1.0, "B": 3.0}
