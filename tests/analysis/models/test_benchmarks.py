"""The benchmarks repeat what they should, and say how far off they have been."""

import numpy as np
import pandas as pd
import pytest

from analysis.models.benchmarks import Flat2016, Sarimax, SeasonalNaive
from analysis.models.coverage import WINDOW, simulate_series
from analysis.models.segmented import Segmented
from analysis.models.structural import Structural
from analysis.models.trade_observations import FitError, TradeObservations, Window

MONTHS = pd.period_range("2012-01", "2019-12", freq="M")


def exact(months: np.ndarray) -> TradeObservations:
    figures = pd.DataFrame(
        {"kind": "sum", "first": MONTHS, "last": MONTHS, "lower": months, "upper": months}
    )
    return TradeObservations(
        "export", "corrected", figures, pd.DataFrame([months] * 3, columns=MONTHS)
    )


def test_a_season_that_repeats_is_repeated_without_spread():
    season = 200 + 50 * np.sin(2 * np.pi * MONTHS.month.to_numpy() / 12)
    result = SeasonalNaive(paths=50).fit(exact(season), WINDOW)
    assert result.simulated == pytest.approx(np.tile(season[59:], (50, 1)))


def test_a_flat_series_stays_flat_and_a_season_widens_it():
    assert Flat2016(paths=50).fit(exact(np.full(96, 7.0)), WINDOW).simulated == pytest.approx(7.0)
    season = 200 + 50 * np.sin(2 * np.pi * MONTHS.month.to_numpy() / 12)
    result = Flat2016(paths=2000).fit(exact(season), WINDOW)
    assert np.log(result.simulated).std(axis=0) == pytest.approx(np.log(season[:12]).std(), rel=0.1)


def test_the_level_wanders_as_its_years_did():
    """Years that rise and fall by a tenth: the third year is spread by 0.1 times root three."""
    years = np.array([0.0, 0.1, 0.0, 0.1, 0.0, 0.1, 0.1, 0.1])
    result = SeasonalNaive(paths=4000).fit(exact(100 * np.exp(np.repeat(years, 12))), WINDOW)
    yearly = result.diagnostics["yearly change, sd of the logarithm"]
    assert 0.04 < yearly < 0.1
    walked = np.log(result.simulated[:, -1]).std()
    departure = result.diagnostics["departure of a month, sd of the logarithm"]
    assert walked == pytest.approx(np.hypot(yearly * np.sqrt(37 / 12), departure), rel=0.05)


def test_less_than_two_years_of_months_are_refused():
    for engine in (Flat2016(), SeasonalNaive(), Sarimax()):
        with pytest.raises(FitError, match="24"):
            engine.fit(exact(np.full(96, 5.0)), Window.of("2015-01", "2016-11", "2019-12"))


@pytest.mark.parametrize("engine", [Flat2016(paths=100), SeasonalNaive(paths=100)])
def test_equal_seeds_give_equal_bytes_and_rows_keep_their_draws(engine):
    seen = simulate_series(9).observations
    first, again = engine.fit(seen, WINDOW), engine.fit(seen, WINDOW)
    assert first.simulated.tobytes() == again.simulated.tobytes()
    rows = np.arange(100) % len(seen.draws)
    assert (first.observed == seen.draws[WINDOW.evaluation].to_numpy()[rows]).all()


def test_the_seasonal_arima_continues_a_season_with_gaps():
    rng = np.random.default_rng(1)
    season = 0.3 * np.sin(2 * np.pi * MONTHS.month.to_numpy() / 12)
    months = 300 * np.exp(season + rng.normal(0, 0.03, 96))
    seen = exact(months)
    known = TradeObservations(
        "export", "corrected", seen.figures.drop(index=[7, 20, 33]), seen.draws
    )
    result = Sarimax(paths=200).fit(known, WINDOW)
    again = Sarimax(paths=200).fit(known, WINDOW)
    assert result.simulated.tobytes() == again.simulated.tobytes()
    assert np.median(result.simulated[:, :12], axis=0) == pytest.approx(months[59:71], rel=0.15)
    assert result.diagnostics["months"] == 56


@pytest.mark.parametrize(
    "engine",
    [
        Flat2016(paths=200),
        SeasonalNaive(paths=200),
        Sarimax(paths=200, parameter_draws=4),
        Segmented(paths=200),
        Structural(paths=200, parameter_draws=20),
    ],
    ids=lambda engine: engine.name,
)
def test_a_path_follows_the_draw_of_the_data_in_its_row(engine):
    """Two draws, one a twentieth above the other in training and twice it after: rows keep them."""
    rng = np.random.default_rng(8)
    low = 300 * np.exp(rng.normal(0, 0.01, 96))
    figures = exact(low).figures.assign(upper=1.06 * low)
    high = low * np.where(WINDOW.train_end < MONTHS, 2.0, 1.05)
    seen = TradeObservations(
        "export", "corrected", figures, pd.DataFrame([low, high], columns=MONTHS)
    )
    result = engine.fit(seen, WINDOW)
    upper = result.observed[:, 0] == high[59]
    assert upper.sum() == 100 and (result.observed[~upper, 0] == low[59]).all()
    first_year = result.simulated[:, :12].sum(axis=1)
    ratio = np.median(first_year[upper]) / np.median(first_year[~upper])
    assert ratio == pytest.approx(1.05, abs=0.015)
