"""The structural engine: it finds a planted loss, keeps draws together, and refuses bad input."""

import dataclasses

import numpy as np
import pandas as pd
import pytest

from analysis.models import structural
from analysis.models.counterfactual import effects
from analysis.models.coverage import simulate_series
from analysis.models.log_figures import drawn_figures
from analysis.models.monthly_state_space import MonthlyStateSpace
from analysis.models.structural import Structural
from analysis.models.trade_observations import FitError, TradeObservations, Window, WindowError

WINDOW = Window.of("2012-01", "2016-11", "2019-12")
FAST = {"paths": 400, "parameter_draws": 40}
MONTHS = pd.period_range("2012-01", "2019-12", freq="M")


def steady(noise: float = 0.03, seed: int = 1, draws: int = 20) -> TradeObservations:
    """Level 300, a season of ±20 per cent, every month known; half is lost after training."""
    rng = np.random.default_rng(seed)
    season = 0.2 * np.sin(2 * np.pi * MONTHS.month.to_numpy() / 12)
    months = 300 * np.exp(season + rng.normal(0, noise, len(MONTHS)))
    months = np.where(WINDOW.train_end < MONTHS, months / 2, months)
    return of_months(months, draws, rng)


def of_months(months: np.ndarray, draws: int, rng: np.random.Generator) -> TradeObservations:
    figures = pd.DataFrame(
        {
            "kind": "sum",
            "first": MONTHS,
            "last": MONTHS,
            "lower": 0.99 * months,
            "upper": 1.01 * months,
        }
    )
    table = pd.DataFrame(months * rng.uniform(0.99, 1.01, (draws, len(MONTHS))), columns=MONTHS)
    return TradeObservations("import", "corrected", figures, table)


@pytest.fixture(scope="module")
def fitted():
    return Structural(**FAST).fit(steady(), WINDOW)


def test_a_planted_loss_of_half_is_found(fitted):
    table = effects(fitted).set_index("span")
    year = table.loc["12 months"]
    assert year["effect_percent_lower"] < -50 < year["effect_percent_upper"]
    assert year["effect_percent"] == pytest.approx(-50, abs=4)


def test_without_a_loss_none_is_found():
    """The same series, nothing taken away: the interval holds zero at every horizon."""
    seen = steady()
    whole = seen.draws * np.where(WINDOW.train_end < MONTHS, 2.0, 1.0)
    table = effects(
        Structural(**FAST).fit(
            TradeObservations("import", "corrected", seen.figures, whole), WINDOW
        )
    )
    horizons = table[table["kind"] == "horizon"]
    assert (horizons["effect_lower"] < 0).all() and (horizons["effect_upper"] > 0).all()


def test_equal_seeds_give_equal_bytes_and_others_do_not(fitted):
    again = Structural(**FAST).fit(steady(), WINDOW)
    assert again.simulated.tobytes() == fitted.simulated.tobytes()
    other = Structural(**FAST, seed=2).fit(steady(), WINDOW)
    assert other.simulated.tobytes() != fitted.simulated.tobytes()


def test_a_path_belongs_to_the_draw_of_the_data_in_its_row():
    """Two draws a third apart, in training as after it: every path follows the draw of its row."""
    seen = steady(noise=0.01)
    low = seen.draws.iloc[0].to_numpy()
    figures = seen.figures.assign(lower=low, upper=1.35 * low)
    draws = pd.DataFrame([low, 4 / 3 * low], columns=MONTHS)
    result = Structural(**FAST).fit(
        TradeObservations("import", "corrected", figures, draws), WINDOW
    )
    low_rows = result.observed[:, 0] == low[len(WINDOW.training)]
    assert low_rows.sum() == 200
    first_year = result.simulated[:, :12].sum(axis=1)
    ratio = np.median(first_year[~low_rows]) / np.median(first_year[low_rows])
    assert ratio == pytest.approx(4 / 3, rel=0.05)
    assert first_year[low_rows].max() < first_year[~low_rows].min() * 1.15


def test_one_pass_of_the_filter_serves_all_draws():
    """The state carried by the gains is that of a filter run on the draw itself."""
    seen = simulate_series(7).observations
    known = seen.within(WINDOW)
    engine = Structural()
    x, mean, sd = engine._regressors(known, WINDOW)
    model, mode, _ = structural._fitted(
        known, x.loc[WINDOW.training], mean, sd, structural.FIRST_SLOPE
    )
    drawn = drawn_figures(known.figures, known.draws[WINDOW.training]) - model.figures.constants
    model.take_figures_as_exact()
    means, _ = structural._last_state(model, mode, drawn[:3])
    for row in range(3):
        alone = MonthlyStateSpace(
            dataclasses.replace(model.figures, logs=drawn[row]),
            x.loc[WINDOW.training],
            mean,
            sd,
            structural.FIRST_SLOPE,
        )
        alone.take_figures_as_exact()
        alone.update(mode)
        state = alone.ssm.filter().predicted_state[:, -1]
        kept = [*range(3), *range(model.coefficients.start, model.k_states)]
        assert means[row] == pytest.approx(state[kept], abs=1e-6)


def test_paths_spread_wider_with_every_horizon():
    result = Structural(**FAST).fit(simulate_series(5).observations, WINDOW)
    spread = np.log(result.simulated).std(axis=0)
    assert spread[:6].mean() < spread[12:18].mean() < spread[30:].mean()


def test_the_elasticity_to_a_price_that_drives_trade_is_found():
    rng = np.random.default_rng(11)
    price = pd.Series(60 * np.exp(np.cumsum(rng.normal(0, 0.1, len(MONTHS)))), index=MONTHS)
    months = 300 * (price / 60).to_numpy() ** 0.6 * np.exp(rng.normal(0, 0.03, len(MONTHS)))
    seen = of_months(months, 20, rng)
    known = TradeObservations(
        "import", "corrected", seen.figures, seen.draws, controls=pd.DataFrame({"brent": price})
    )
    result = Structural(**FAST, controls=("brent",)).fit(known, WINDOW)
    found, sd = result.diagnostics["brent"], result.diagnostics["brent, sd"]
    assert abs(found - 0.6) < 2 * sd and sd < 0.15


@pytest.mark.parametrize(
    ("window", "error", "message"),
    [
        (("2012-01", "2016-11", "2021-12"), WindowError, "outside the data"),
        (("2015-01", "2016-11", "2019-12"), FitError, "24 effective months"),
    ],
)
def test_windows_that_the_data_do_not_allow_are_refused(window, error, message):
    with pytest.raises(error, match=message):
        Structural(**FAST).fit(steady(), Window.of(*window))


def test_an_unknown_or_missing_control_is_refused():
    with pytest.raises(FitError, match="control 'brent': expected one of"):
        Structural(**FAST, controls=("brent",)).fit(steady(), WINDOW)
    seen = steady()
    gap = pd.DataFrame({"brent": 50.0}, index=MONTHS[:-1])
    known = TradeObservations("import", "corrected", seen.figures, seen.draws, controls=gap)
    with pytest.raises(FitError, match=r"positive price .* none in 2019-12"):
        Structural(**FAST, controls=("brent",)).fit(known, WINDOW)


def test_a_fit_that_does_not_converge_gives_no_paths(monkeypatch):
    """One step of the optimiser is not enough for any of these series."""
    whole = structural.minimize
    monkeypatch.setattr(
        structural,
        "minimize",
        lambda *args, **kwargs: whole(*args, **kwargs, options={"maxiter": 1}),
    )
    with pytest.raises(FitError, match="did not converge"):
        Structural(**FAST).fit(steady(), WINDOW)


def test_a_linearisation_that_keeps_moving_gives_no_paths(monkeypatch):
    monkeypatch.setattr(structural, "ROUNDS", 1)
    with pytest.raises(FitError, match="stand still"):
        Structural(**FAST).fit(simulate_series(5).observations, WINDOW)
