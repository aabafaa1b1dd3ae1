"""Products by months as a matrix, and Poisson pseudo-maximum-likelihood on it.

The model of a cell without a ban is multiplicative: product effect times month effect. Its
Poisson score equations say that fitted and recorded trade have equal sums over every product and
every month, so zeros need no treatment of their own and the largest flows weigh the most, in
dollars. Nothing is assumed of the distribution beyond that mean (Gourieroux, Monfort and Trognon
1984; Santos Silva and Tenreyro 2006).
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from analysis.models.product_groups import NOT_BANNED, REVISIONS, Choice, classify

#: The last month before the border closed; no window of a design goes beyond it.
LAST_MONTH = pd.Period("2019-12", "M")
DOLLARS = 1e6
#: A banned product needs trade so many months before its ban, so that it also has some in the
#: months that are fitted when the last ones are held out.
HISTORY_GAP = 12
#: Digits of a heading, and months on each side of a revision in which a code has to show itself.
HEADING, NEAR_REVISION = 4, 12
TOLERANCE = 1e-10
MAX_STEPS = 10_000
#: Steps of Newton's method: it needs about ten.
MAX_NEWTON = 60


class PanelError(ValueError):
    """A panel on which a design cannot be estimated; the message says why."""


@dataclass(frozen=True, eq=False)
class Panel:
    """Recorded trade of one partner and flow: `recorded` (products, months), USD million, 0 = none.

    `group`, `begins` and `clean` have one entry a product; the last two are month ordinals, inf
    for a product that is not banned. From `begins` to the month before `clean` old contracts were
    still cleared.
    """

    products: np.ndarray
    months: pd.PeriodIndex
    recorded: np.ndarray
    group: np.ndarray
    begins: np.ndarray
    clean: np.ndarray

    @property
    def time(self) -> np.ndarray:
        return self.months.asi8

    @property
    def banned(self) -> np.ndarray:
        """Whether each product is ever banned inside or outside the window."""
        return np.isfinite(self.clean)

    def rows(self, chosen: np.ndarray) -> Panel:
        """The panel of the chosen products (a mask, or positions, repeats allowed)."""
        names = ("products", "recorded", "group", "begins", "clean")
        return replace(self, **{name: getattr(self, name)[chosen] for name in names})


def product_panel(
    frame: pd.DataFrame,
    measures: pd.DataFrame,
    *,
    flow: str,
    partner: int,
    level: int = 4,
    choice: Choice | None = None,
    first: str = "2015-01",
    last: str = "2019-12",
    partly_banned: str = "banned",
) -> Panel:
    """The matrix of one partner and flow at `level` HS digits, from a `schemas.PRODUCT_PANEL`.

    A product-month without a row counts as none recorded, which holds for the customs office's
    own export and not for a file cut short; the panel covers the months between the first and the
    last that have rows. Codes are cut to `level` digits and added up. Where a source gives sums
    at several lengths, the shortest that is long enough is read alone, so nothing counts twice.
    Products without any trade, and banned ones without any until `HISTORY_GAP` months before
    their ban, are left out: they have no counterfactual in this model. Six- and eight-digit codes
    that a revision of the Harmonized System seems to have renamed are joined
    (`joined_at_revisions`).
    `partly_banned` codes (`ex` entries, and parents of banned codes) count as `banned`, as `free`,
    or are `left_out`. Both months are inside; `last` may not pass `LAST_MONTH`.
    """
    if pd.Period(last, "M") > LAST_MONTH:
        raise PanelError(f"a window to {last}: the border closed after {LAST_MONTH}")
    own = _rows_of(frame, flow, partner, pd.period_range(first, last, freq="M"), level)
    months = _whole_months(own)
    codes = joined_at_revisions(own["month"], own["hs"].str[:level].astype(object))
    wide = (
        own.assign(hs=codes, usd_mn=own["value_usd"] / DOLLARS)
        .pivot_table(index="hs", columns="month", values="usd_mn", aggfunc="sum", fill_value=0.0)
        .reindex(columns=months)
    )
    bans = classify(wide.index, measures, flow, choice).set_index("hs").loc[wide.index]
    return _with_history(_panel(wide, bans, partly_banned))


def _rows_of(
    frame: pd.DataFrame, flow: str, partner: int, months: pd.PeriodIndex, level: int
) -> pd.DataFrame:
    own = frame[
        (frame["flow"] == flow) & (frame["partner"] == partner) & frame["month"].isin(months)
    ]
    if own.empty:
        held = ", ".join(str(number) for number in sorted(frame["partner"].unique())[:10])
        raise PanelError(
            f"no {flow}s of partner {partner} between {months[0]} and {months[-1]}; partners of "
            f"the panel: {held}"
        )
    sources = sorted(own["source"].unique())
    if len(sources) > 1:
        raise PanelError(f"rows of several sources ({', '.join(sources)}): choose one of them")
    lengths = own["hs"].str.len()
    enough = sorted(set(lengths[lengths >= level]))
    if not enough:
        raise PanelError(f"codes have at most {lengths.max()} digits: {level} were asked for")
    return own[lengths == enough[0]]


def joined_at_revisions(months: pd.Series, codes: pd.Series) -> pd.Series:
    """`codes` longer than a heading, cut to it where a revision seems to have renamed them.

    A renaming shows as one code of a heading that stops with the last month of a revision and
    another that begins with the next one: recorded in the `NEAR_REVISION` months on one side and
    in none on the other. A ban stops a code and starts none. All codes of such a heading are
    added up under it, since which became which is not told. Moves between headings are not seen.
    """
    heading = codes.str[:HEADING]
    renamed: set[str] = set()
    for revision in REVISIONS.values():
        before = set(codes[months.between(revision - NEAR_REVISION, revision - 1)])
        after = set(codes[months.between(revision, revision + NEAR_REVISION - 1)])
        if before and after:
            stopped = {code[:HEADING] for code in before - after}
            renamed |= stopped & {code[:HEADING] for code in after - before}
    return codes.where(~heading.isin(renamed), heading)


def _whole_months(own: pd.DataFrame) -> pd.PeriodIndex:
    """Every month from the first to the last with rows; PanelError where one has none."""
    months = pd.period_range(own["month"].min(), own["month"].max(), freq="M")
    missing = months.difference(pd.PeriodIndex(own["month"].unique(), freq="M"))
    if len(missing):
        raise PanelError(
            f"{len(missing)} months have no row at all (first: {missing[0]}): add their files, or "
            "choose a window without them"
        )
    return months


def _panel(wide: pd.DataFrame, bans: pd.DataFrame, partly_banned: str) -> Panel:
    part = bans["coverage"].eq("part").to_numpy()
    if partly_banned not in ("banned", "free", "left_out"):
        raise ValueError(f"partly_banned: {partly_banned!r} is not banned, free or left_out")
    counted = bans["coverage"].ne("none").to_numpy() & ~(part & (partly_banned != "banned"))
    kept = ~(part & (partly_banned == "left_out"))
    ordinals = {
        name: np.where(counted, bans[name].array.asi8.astype(float), np.inf)
        for name in ("begins", "clean")
    }
    group = np.where(counted, bans["group"].astype(object), NOT_BANNED)
    whole = Panel(
        wide.index.to_numpy(object),
        pd.PeriodIndex(wide.columns, freq="M"),
        wide.to_numpy(float),
        group,
        ordinals["begins"],
        ordinals["clean"],
    )
    return whole.rows(kept)


def _with_history(panel: Panel) -> Panel:
    before = panel.time[None, :] < panel.begins[:, None] - HISTORY_GAP
    return panel.rows((panel.recorded * before).sum(axis=1) > 0)


@dataclass(frozen=True, eq=False)
class Fit:
    """Product and month effects of cells without a ban: `mean` (products, months) is their
    product, USD million, for every cell, also those that were left out of the fit."""

    mean: np.ndarray
    product: np.ndarray
    month: np.ndarray


def fit_untreated(
    values: np.ndarray,
    included: np.ndarray,
    weights: np.ndarray | None = None,
    start: np.ndarray | None = None,
) -> Fit:
    """Poisson pseudo-maximum-likelihood of `values` on product and month effects.

    `included` marks the cells that are fitted; `weights` counts each product so many times (a
    bootstrap); `start` are month effects to begin from. The scores of product effects and month
    effects are solved in turn, which is iterative proportional fitting and converges to the
    maximum. A product without trade in included cells gets the effect zero. Raises PanelError for
    a month without any trade in included cells, since its effect is then not identified.
    """
    heavy = np.ones(len(values)) if weights is None else weights.astype(float)
    recorded = np.where(included, values, 0.0)
    by_month = heavy @ recorded
    if (by_month <= 0).any():
        raise PanelError("a month has no trade in any product that is not banned")
    by_product = recorded.sum(axis=1)
    cells = included.astype(float)
    month = by_month / by_month.mean() if start is None else start
    for _ in range(MAX_STEPS):
        product = by_product / (cells @ month)
        following = by_month / ((heavy * product) @ cells)
        change = np.abs(np.log(following / month)).max()
        month = following
        if change < TOLERANCE:
            scale = month.mean()
            product, month = by_product / (cells @ month) * scale, month / scale
            return Fit(np.outer(product, month), product, month)
    raise PanelError(f"the fit has not converged after {MAX_STEPS} steps")


@dataclass(frozen=True, eq=False)
class Regression:
    """Coefficients of a Poisson regression with product and month effects.

    `coefficients` on the log scale, `covariance` clustered by product with the factor
    G / (G - 1), `scores` (products, regressors): each product's part of the score, on regressors
    from which product and month effects are taken out. `information` is its derivative.
    """

    coefficients: np.ndarray
    covariance: np.ndarray
    scores: np.ndarray
    information: np.ndarray

    @property
    def standard_errors(self) -> np.ndarray:
        return np.sqrt(np.diag(self.covariance))


def ppml(
    values: np.ndarray, regressors: np.ndarray, included: np.ndarray | None = None
) -> Regression:
    """Poisson pseudo-maximum-likelihood of `values` on `regressors`, product and month effects.

    `regressors` is (regressors, products, months). Iteratively reweighted least squares: in each
    step product effects are eliminated, month effects and coefficients solved (Correia, Guimarães
    and Zylkin 2020 do the same by projections). Products and months without any trade are left
    out, since their effects go to minus infinity and they say nothing of the coefficients. Raises
    PanelError where the same is true of a regressor: it is one only where nothing is recorded, so
    its coefficient has no finite maximum; the effect there is -100 %, without a standard error.
    """
    cells = np.ones(values.shape, bool) if included is None else included.copy()
    cells &= ((values * cells).sum(axis=1) > 0)[:, None] & ((values * cells).sum(axis=0) > 0)
    for number, regressor in enumerate(regressors):
        if not (values * cells * (regressor != 0)).any():
            raise PanelError(f"regressor {number}: nothing is recorded where it is not zero")
    eta = np.log((values + values[cells].mean()) / 2)
    for _ in range(MAX_NEWTON):
        mean = np.where(cells, np.exp(eta), 0.0)
        working = np.where(cells, eta + (values - mean) / np.where(cells, mean, 1.0), 0.0)
        inside = np.array([within(x, mean) for x in [*regressors, working]])
        information = np.einsum("kit,it,lit->kl", inside[:-1], mean, inside[:-1])
        moment = np.einsum("kit,it,it->k", inside[:-1], mean, inside[-1])
        coefficients = np.linalg.solve(information, moment)
        unexplained = inside[-1] - np.tensordot(coefficients, inside[:-1], 1)
        following = np.where(cells, working - unexplained, eta)
        change = np.abs(np.exp(following) - np.exp(eta))[cells].max() / values[cells].mean()
        eta = following
        if change < TOLERANCE:
            break
    else:
        raise PanelError(f"the regression has not converged after {MAX_NEWTON} steps")
    mean = np.where(cells, np.exp(eta), 0.0)
    inside = np.array([within(x, mean) for x in regressors])
    information = np.einsum("kit,it,lit->kl", inside, mean, inside)
    scores = np.einsum("kit,it->ik", inside, np.where(cells, values - mean, 0.0))
    groups = int(cells.any(axis=1).sum())
    middle = scores.T @ scores * groups / (groups - 1)
    bread = np.linalg.inv(information)
    return Regression(coefficients, bread @ middle @ bread, scores, information)


def within(values: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """`values` less their weighted projection on product and month effects; zero at weight zero."""
    product, month = additive_effects(values, weights)
    return np.where(weights > 0, values - month - product[:, None], 0.0)


def additive_effects(values: np.ndarray, weights: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Weighted least squares of `values` on product and month effects.

    Product effects are eliminated first, so that one system in the months is left. A product
    without any weight gets zero; trade has to link all months (one product in all of them does).
    """
    by_product, by_month = weights.sum(axis=1), weights.sum(axis=0)
    divisor = np.where(by_product > 0, by_product, 1.0)
    share = weights / divisor[:, None]
    weighted = weights * values
    right = weighted.sum(axis=0) - share.T @ weighted.sum(axis=1)
    # einsum and not a matrix product: at this size threads of the latter cost a hundred times more.
    linked = np.einsum("it,is->ts", weights, share)
    system = np.diag(np.where(by_month > 0, by_month, 1.0)) - linked
    # A constant can move between product and month effects; this term makes the latter sum to 0.
    month = np.linalg.solve(system + by_month.mean() / len(by_month), right)
    return (weights * (values - month)).sum(axis=1) / divisor, month
