"""What would have been recorded without a ban, product by product and month by month.

Product and month effects are fitted on cells without a ban alone and extended to the others
(Borusyak, Jaravel and Spiess 2024; Gardner 2022; for a multiplicative mean Wooldridge 2023). No
cell of a ban, early or late, serves as a control for another, so effects may differ by group and
month without bias, unlike in a regression with two-way effects and a dummy.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from analysis.models.panel import Fit, Panel, PanelError, fit_untreated

#: Months before China's measure that are never used: news of the vote, contracts brought forward.
ANTICIPATION = 1
#: Months before those that are kept out of the fit and shown as a test.
LEADS = 6
CALENDAR_MONTHS = 12
#: In `Imputed.relative`: no month before or after a ban.
BETWEEN = -999

#: First and last relative month, both inside.
Span = tuple[int, int]
#: All clean months of a window.
AFTER: Span = (0, 998)


@dataclass(frozen=True)
class Design:
    """How a panel is read. `anticipation`: months before a measure kept out of fit and effects;
    `leads`: further months before those, kept out of the fit and compared; `seasonal`: each
    product has an effect for every calendar month instead of one (and needs two years before)."""

    anticipation: int = ANTICIPATION
    leads: int = LEADS
    seasonal: bool = False


@dataclass(frozen=True, eq=False)
class Imputed:
    """`counterfactual` (products, months), USD million: trade without any ban; `relative`
    (products, months): months since the first clean one for a banned product, -1 the last month
    before anticipation begins, `BETWEEN` in the months between, and for products never banned."""

    panel: Panel
    design: Design
    counterfactual: np.ndarray
    relative: np.ndarray

    def sums(self, members: np.ndarray, span: Span = AFTER) -> tuple[float, float]:
        """Recorded and imputed trade, USD million, of `members` (a mask of products) in `span`."""
        inside = (self.relative >= span[0]) & (self.relative <= span[1]) & members[:, None]
        return float(self.panel.recorded[inside].sum()), float(self.counterfactual[inside].sum())

    def last(self, members: np.ndarray) -> int:
        """The last relative month of `members` in the window."""
        return int(self.relative[members].max())


def relative_months(panel: Panel, design: Design) -> np.ndarray:
    """Months since the first clean one (0, 1, ...) and before anticipation (-1, -2, ...)."""
    time = panel.time[None, :]
    relative = np.full(panel.recorded.shape, BETWEEN)
    begins = np.where(panel.banned, panel.begins - design.anticipation, 0)[:, None].astype(int)
    clean = np.where(panel.banned, panel.clean, 0)[:, None].astype(int)
    banned = panel.banned[:, None]
    relative = np.where(banned & (time < begins), time - begins, relative)
    return np.where(banned & (time >= clean), time - clean, relative)


def without_ban(panel: Panel, design: Design, *, leads: int | None = None) -> np.ndarray:
    """The cells that product and month effects are fitted on: no ban, and before the leads."""
    held_out = design.leads if leads is None else leads
    return panel.time[None, :] < (panel.begins - design.anticipation - held_out)[:, None]


def impute(panel: Panel, design: Design | None = None) -> Imputed:
    """Fit cells without a ban and extend their effects to all cells.

    Raises PanelError where a month has no trade in any product that is not banned, for a panel
    without products that are never banned, and as `fit_untreated` does.
    """
    design = design or Design()
    if panel.banned.all():
        raise PanelError("every product is banned: nothing is left to compare with")
    included = without_ban(panel, design)
    fitted = _seasonal_fit if design.seasonal else _plain_fit
    return Imputed(panel, design, fitted(panel, included).mean, relative_months(panel, design))


def _plain_fit(panel: Panel, included: np.ndarray) -> Fit:
    return fit_untreated(panel.recorded, included)


def _seasonal_fit(panel: Panel, included: np.ndarray) -> Fit:
    """Each product once for every calendar month, and the month effects common to all."""
    calendar = panel.months.month.to_numpy() - 1
    split = [included & (calendar == month)[None, :] for month in range(CALENDAR_MONTHS)]
    fit = fit_untreated(np.tile(panel.recorded, (CALENDAR_MONTHS, 1)), np.concatenate(split))
    product = fit.product.reshape(CALENDAR_MONTHS, len(panel.products))
    return Fit(product[calendar].T * fit.month, product, fit.month)
