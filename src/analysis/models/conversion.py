"""From reported tonnes to barrels: four readings of one cap, kept apart.

The cap is in barrels and most reports were in tonnes. `committee` takes the Committee's barrels
as printed, each supplier at its own rate; `flat` China's 8.33 for every tonne; `product` what a
tonne of the goods fills by published tables; `press` what newspapers made of the tonnes.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import pandas as pd

from analysis.models.cap import Cap

READINGS = ("committee", "flat", "product", "press")
#: China's rate for every product: its announcements equate 500,000 barrels with 60,000 t.
FLAT_RATE = 8.33


@dataclass(frozen=True)
class Mix:
    """What a supplier delivers, as shares of the tonnes that lie between two products.

    `light` and `heavy` are barrels a tonne of the products with most and fewest barrels;
    `heavy_share` (lower, middle, upper) the share of the heavier in the tonnes.
    """

    light: float
    heavy: float
    heavy_share: tuple[float, float, float]

    def rate(self, share: float) -> float:
        """Barrels a tonne when `share` of the tonnes is the heavier product."""
        if not 0 <= share <= 1:
            raise ValueError(f"a share of the tonnes lies between 0 and 1, not {share}")
        return share * self.heavy + (1 - share) * self.light

    @property
    def rates(self) -> tuple[float, float, float]:
        """Barrels a tonne: lower, middle, upper."""
        low, middle, high = self.heavy_share
        return self.rate(high), self.rate(middle), self.rate(low)


def factor_of(factors: pd.DataFrame, product: str, system: str) -> float:
    """Barrels a tonne of `product` in the published table `system`.

    `factors` has `product`, `system`, `barrels_per_tonne` and `set_aside`. Raises ValueError for
    a product that the table does not hold: an unknown product has no factor, and none is guessed.
    """
    found = factors[
        (factors["product"] == product)
        & (factors["system"] == system)
        & factors["set_aside"].isna()
    ]
    if len(found) != 1:
        known = sorted(factors.loc[factors["system"] == system, "product"].unique())
        raise ValueError(
            f"{system!r} holds {len(found)} factors for the product {product!r}; it knows {known}"
        )
    return float(found["barrels_per_tonne"].iloc[0])


def reading_rates(
    mixes: Mapping[str, Mix], press: tuple[float, float]
) -> dict[str, dict[str, tuple[float, float, float]]]:
    """Barrels a tonne under each reading but the Committee's: lower, middle, upper by supplier."""
    flat = (FLAT_RATE, FLAT_RATE, FLAT_RATE)
    news = (press[0], sum(press) / 2, press[1])
    return {
        "flat": dict.fromkeys(mixes, flat),
        "product": {supplier: mix.rates for supplier, mix in mixes.items()},
        "press": dict.fromkeys(mixes, news),
    }


def shares_by_reading(
    reported: pd.DataFrame,
    rates: Mapping[str, Mapping[str, tuple[float, float, float]]],
) -> pd.DataFrame:
    """Share of the cap under each reading, one row a cap period and reading.

    `reported` has one row a period and supplier: `period_first`, `supplier`, `lower_bbl`,
    `upper_bbl`, `lower_t`, `upper_t`, `open_months`, `cap_barrels`. Gives `period_first`,
    `reading`, `lower_bbl`, `middle_bbl`, `upper_bbl`, `lower_share`, `middle_share`,
    `upper_share`, `open_months`. Ends of tonnes and of rates are taken together, so the interval
    holds whatever both may be.
    """
    rows = []
    for period, group in reported.groupby("period_first", sort=True):
        cap, gaps = group["cap_barrels"].iloc[0], int(group["open_months"].sum())
        for reading in READINGS:
            ends = _barrels(group, None if reading == "committee" else rates[reading])
            rows.append(
                {
                    "period_first": period,
                    "reading": reading,
                    **dict(zip(("lower_bbl", "middle_bbl", "upper_bbl"), ends, strict=True)),
                    **{
                        name: end / cap
                        for name, end in zip(
                            ("lower_share", "middle_share", "upper_share"), ends, strict=True
                        )
                    },
                    "open_months": gaps,
                }
            )
    return pd.DataFrame(rows)


def _barrels(
    group: pd.DataFrame, rates: Mapping[str, tuple[float, float, float]] | None
) -> tuple[float, float, float]:
    if rates is None:
        low, high = group["lower_bbl"].sum(), group["upper_bbl"].sum()
        return low, (low + high) / 2, high
    low = middle = high = 0.0
    for row in group.itertuples():
        if row.supplier not in rates:
            raise ValueError(f"no rate turns tonnes of {row.supplier!r} into barrels")
        rate = rates[row.supplier]
        low += row.lower_t * rate[0]
        middle += (row.lower_t + row.upper_t) / 2 * rate[1]
        high += row.upper_t * rate[2]
    return low, middle, high


def share_of(barrels: float, cap: Cap) -> float:
    """`barrels` over the cap. Raises ValueError for a negative quantity."""
    if barrels < 0:
        raise ValueError(f"a delivery of {barrels} barrels is negative: look at its row")
    return barrels / cap.barrels
