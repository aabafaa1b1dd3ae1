"""The fits agree with an independent implementation, and the matrix with its rows."""

import warnings

import numpy as np
import pandas as pd
import pytest

from analysis.models.panel import (
    PanelError,
    additive_effects,
    fit_untreated,
    joined_at_revisions,
    ppml,
    product_panel,
)
from analysis.models.product_groups import NOT_BANNED
from analysis.models.simulated_panel import Truth, simulated_panel
from analysis.paths import project_paths
from analysis.schemas import PRODUCT_PANEL, checked
from analysis.sources.sanctions_map import read_product_measures

MEASURES = read_product_measures(project_paths())


def noisy(seed, products=40, months=36):
    """Trade with product and month effects, two planted dummies, zeros, and heavy noise."""
    rng = np.random.default_rng(seed)
    dummies = np.zeros((2, products, months))
    dummies[0, :10, 20:] = 1
    dummies[1, 5:20, 14:] = 1
    effects = np.outer(rng.lognormal(0, 1.5, products), np.exp(rng.normal(0, 0.3, months)))
    mean = effects * np.exp(-dummies[0] + 0.4 * dummies[1])
    noise = rng.gamma(1.0, 1.0, mean.shape) * rng.binomial(1, 0.7, mean.shape)
    return mean * noise, dummies


@pytest.fixture(scope="module")
def oracle():
    """pyfixest's Poisson regression with two sets of effects, on the cells given."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import pyfixest

    def fit(values, regressors, included):
        product, month = np.nonzero(included)
        frame = pd.DataFrame(
            {"y": values[included], "product": product, "month": month}
            | {f"x{k}": x[included] for k, x in enumerate(regressors)}
        )
        right = " + ".join(f"x{k}" for k in range(len(regressors))) or "1"
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return pyfixest.fepois(
                f"y ~ {right} | product + month",
                frame,
                vcov={"CRV1": "product"} if len(regressors) else "iid",
                iwls_tol=1e-12,
                fixef_tol=1e-12,
                ssc=pyfixest.ssc(k_adj=False, G_adj=True),
            )

    return fit


@pytest.mark.parametrize("seed", [1, 2])
def test_coefficients_and_errors_agree_with_pyfixest(oracle, seed):
    values, dummies = noisy(seed)
    included = np.random.default_rng(seed).random(values.shape) < 0.9
    ours, theirs = ppml(values, dummies, included), oracle(values, dummies, included)
    assert np.abs(ours.coefficients - theirs.coef().to_numpy()).max() < 1e-6
    assert np.abs(ours.standard_errors - theirs.se().to_numpy()).max() < 1e-6


def test_untreated_cells_are_fitted_as_pyfixest_fits_them(oracle):
    values, dummies = noisy(3)
    included = dummies.sum(axis=0) == 0
    theirs = oracle(values, dummies[:0], included)
    fitted = np.asarray(theirs.predict(type="response"))
    assert np.abs(fit_untreated(values, included).mean[included] - fitted).max() < 1e-6


def test_fitted_and_recorded_sums_are_equal_by_product_and_month():
    values, dummies = noisy(4)
    included = dummies.sum(axis=0) == 0
    gap = np.where(included, values - fit_untreated(values, included).mean, 0.0)
    assert np.abs(gap.sum(axis=0)).max() < 1e-6 and np.abs(gap.sum(axis=1)).max() < 1e-6


def test_a_total_ban_has_no_finite_coefficient():
    values, dummies = noisy(5)
    values[dummies[0] == 1] = 0
    with pytest.raises(PanelError, match="nothing is recorded"):
        ppml(values, dummies)


def test_a_month_without_controls_is_refused():
    values, dummies = noisy(6)
    with pytest.raises(PanelError, match="no trade in any product"):
        fit_untreated(values, (dummies.sum(axis=0) == 0) & (np.arange(36) != 30))


def test_least_squares_effects_agree_with_dummies():
    rng = np.random.default_rng(7)
    values, weights = rng.normal(size=(8, 6)), rng.uniform(0.2, 1, (8, 6))
    product, month = additive_effects(values, weights)
    rows, columns = np.indices(values.shape)
    design = np.hstack([np.eye(8)[rows.ravel()], np.eye(6)[columns.ravel()]])
    root = np.sqrt(weights).ravel()
    solution = np.linalg.lstsq(design * root[:, None], values.ravel() * root, rcond=None)[0]
    expected = (design @ solution).reshape(values.shape)
    assert np.abs(product[:, None] + month - expected).max() < 1e-9


@pytest.fixture(scope="module")
def frame():
    return checked(simulated_panel(MEASURES, Truth({}), seed=1, subdivided=2), PRODUCT_PANEL)


def panel_of(frame, **options):
    return product_panel(frame, MEASURES, flow="import", partner=109, **options)


def test_cells_are_the_sums_of_their_rows(frame):
    panel = panel_of(frame)
    place, month = 5, 30
    rows = frame[
        frame["hs"].str.startswith(panel.products[place]) & (frame["month"] == panel.months[month])
    ]
    assert panel.recorded[place, month] == pytest.approx(rows["value_usd"].sum() / 1e6)
    inside = frame[frame["month"] >= "2015-01"]
    assert panel.recorded.sum() == pytest.approx(inside["value_usd"].sum() / 1e6)


def test_bans_reach_the_matrix(frame):
    panel = panel_of(frame)
    coal = panel.products == "2701"
    assert panel.clean[coal] == pd.Period("2017-03", "M").ordinal
    assert np.isinf(panel.clean[panel.products == "7202"]).all() or (
        panel.group[panel.products == "7202"] == "Copper, nickel, silver, zinc"
    )
    free = panel_of(frame, partly_banned="free")
    assert free.group[free.products == "7202"] == NOT_BANNED
    assert "9703" not in panel_of(frame, partly_banned="left_out").products


def test_sums_at_several_lengths_count_once(frame):
    chapters = (
        frame.assign(hs=frame["hs"].str[:2].astype("string"))
        .groupby(["month", "flow", "partner", "hs", "unit", "source"], dropna=False)["value_usd"]
        .sum()
        .reset_index()
        .assign(quantity=np.nan)
    )
    both = pd.concat([frame, chapters[frame.columns]], ignore_index=True)
    assert panel_of(both).recorded.sum() == pytest.approx(panel_of(frame).recorded.sum())
    assert panel_of(both, level=2).recorded.sum() == pytest.approx(panel_of(frame).recorded.sum())


@pytest.mark.parametrize(
    ("change", "options", "said"),
    [
        (lambda f: f, {"last": "2020-03"}, "border closed"),
        (lambda f: f, {"level": 8}, "at most 6 digits"),
        (lambda f: f[f["month"] != "2017-05"], {}, "no row at all"),
        (lambda f: f.assign(partner=133), {}, "no imports of partner 109"),
        (
            lambda f: pd.concat([f, f.assign(source="another")]),
            {},
            "several sources",
        ),
    ],
)
def test_panels_that_would_mislead_are_refused(frame, change, options, said):
    with pytest.raises(PanelError, match=said):
        panel_of(change(frame), **options)


def test_codes_renamed_by_a_revision_are_joined_and_banned_ones_are_not():
    months = pd.period_range("2016-01", "2017-12", freq="M")
    rows = [(month, "382490" if month.year == 2016 else "382499") for month in months]
    rows += [(month, "441210") for month in months]
    rows += [(month, "270111") for month in months[:14]]
    rows += [(month, "270112") for month in months[:12]]
    frame = pd.DataFrame(rows, columns=["month", "code"])
    joined = joined_at_revisions(frame["month"].astype("period[M]"), frame["code"])
    assert set(joined) == {"3824", "441210", "270111", "270112"}
