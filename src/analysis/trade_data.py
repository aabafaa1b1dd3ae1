"""From data/processed and data/raw to what an engine is given: the edge of the models."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd

from analysis.cleaning.trade_statements import basis_ratio
from analysis.models.prices import monthly_price, unit_values
from analysis.models.trade_observations import (
    FLOWS,
    TradeObservations,
    WindowError,
    trade_observations,
)
from analysis.models.variants import in_yuan
from analysis.paths import Paths
from analysis.schemas import TRADE_DRAWS, TRADE_SPANS, checked
from analysis.sources.oil_price import read_brent

#: The months before the customs office's own figures begin, on which the ratio was measured.
HISTORY = (pd.Period("2012-01", "M"), pd.Period("2015-12", "M"))
#: Months that the controls cover.
CONTROL_MONTHS = pd.period_range("2012-01", "2019-12", freq="M")


@dataclass(frozen=True, eq=False)
class ModelInputs:
    """`spans` and `draws` as their schemas say; `controls` one row a month, one column a price;
    `yuan` the customs' rates, one row a month, `lower` and `upper` yuan per dollar."""

    spans: pd.DataFrame
    draws: pd.DataFrame
    controls: pd.DataFrame
    yuan: pd.DataFrame


def model_inputs(paths: Paths) -> ModelInputs:
    """Read what notebook 01 built. Raises FileNotFoundError when it has not been built."""
    spans = pd.read_csv(paths.processed / "trade_spans.csv")
    draws = pd.read_parquet(paths.processed / "trade_draws.parquet")
    goods = pd.read_parquet(paths.processed / "observations_gacc_commodities.parquet")
    rates = pd.read_csv(paths.processed / "exchange_rates.csv")
    return ModelInputs(
        checked(_with_months(spans, "first", "last"), TRADE_SPANS),
        checked(_with_months(draws, "month"), TRADE_DRAWS),
        controls(paths, _with_months(goods, "first", "last")),
        _with_months(rates, "month").set_index("month")[["lower", "upper"]],
    )


def controls(paths: Paths, goods: pd.DataFrame) -> pd.DataFrame:
    """Prices by month: `brent`, USD a barrel; `coal`, USD a tonne, from published unit values."""
    return pd.DataFrame(
        {
            "brent": read_brent(paths).reindex(CONTROL_MONTHS),
            "coal": monthly_price(unit_values(goods, "coal"), CONTROL_MONTHS),
        },
        index=CONTROL_MONTHS,
    )


def observations_of(
    inputs: ModelInputs, flow: str, vintage: str, currency: str = "USD"
) -> TradeObservations:
    """One flow in one vintage, with the ratio of the customs level to the Korean history.

    Money is in million of `currency`: USD, or CNY at the customs' rates. Raises WindowError for a
    flow, vintage or currency that is not there.
    """
    for name, found, known in (
        ("flow", flow, FLOWS),
        ("vintage", vintage, tuple(sorted(set(inputs.draws["vintage"])))),
        ("currency", currency, ("USD", "CNY")),
    ):
        if found not in known:
            raise WindowError(f"expected a {name} of {', '.join(known)}, found {found!r}")
    own = trade_observations(
        inputs.spans,
        inputs.draws,
        flow,
        vintage,
        history_ratio=basis_ratio("customs", flow, *HISTORY),
        controls=inputs.controls,
    )
    return in_yuan(own, inputs.yuan) if currency == "CNY" else own


def _with_months(frame: pd.DataFrame, *columns: str) -> pd.DataFrame:
    return frame.assign(**{name: pd.PeriodIndex(frame[name], freq="M") for name in columns})
