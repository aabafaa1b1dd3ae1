"""What each ban is worth: what China paid North Korea for a group of goods in a year without it.

2016 is the last year before the bans that bound. For coal its value is printed; for other groups
their share of China's recorded imports, which the bounds of that total turn into an amount. Coal
was dear by the time it was banned, so its value is shown a second time at the last prices known.
All intervals hold without a probability: they cover what digits and conflicting sources leave open.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

#: The year before the bans that bound: first and last month.
YEAR = (pd.Period("2016-01", "M"), pd.Period("2016-12", "M"))


@dataclass(frozen=True)
class Group:
    """Goods banned together. `share_of` names the printed share of imports that stands for them."""

    name: str
    resolution: str
    share_of: str


#: Coal's value is printed itself; the shares are of one publication for 2016. Ores hold iron and
#: lead, which are banned, beside others of which some are not.
GROUPS = (
    Group("coal", "2371", "coal"),
    Group("textiles and garments", "2375", "clothing"),
    Group("ores", "2371", "ores"),
    Group("seafood", "2371", "shellfish"),
)
#: What remains of imports when the groups are taken off: farm goods, machinery, wood and stone,
#: which resolution 2397 bans, beside goods that no ban touches.
REMAINDER = "goods of resolution 2397"


@dataclass(frozen=True)
class Amount:
    """USD million a year between `lower` and `upper`; `usd_mn` is the printed or middle value."""

    usd_mn: float
    lower: float
    upper: float

    def __add__(self, other: Amount) -> Amount:
        return Amount(
            self.usd_mn + other.usd_mn, self.lower + other.lower, self.upper + other.upper
        )

    def times(self, lower: float, middle: float, upper: float) -> Amount:
        """The amount times a factor that is known between `lower` and `upper`."""
        return Amount(self.usd_mn * middle, self.lower * lower, self.upper * upper)


def printed_year(
    observations: pd.DataFrame, product: str, column: str, *, basis: str = "customs"
) -> Amount:
    """The hull of all figures for `product` that are printed for `YEAR` on `basis`.

    `column` is `value` (USD million) or `quantity` (tonnes). `observations` as
    `schemas.COMMODITY_OBSERVATIONS`. Raises ValueError where no figure is usable.
    """
    prefix, unit = ("", "USD") if column == "value" else ("quantity_", "t")
    kind = "currency" if column == "value" else "quantity_unit"
    own = observations[
        (observations["product"] == product)
        & (observations["flow"] == "import")
        & (observations["basis"] == basis)
        & (observations["first"] == YEAR[0])
        & (observations["last"] == YEAR[1])
        & observations[kind].eq(unit).fillna(False)
        & observations[column].notna()
        & observations["set_aside"].isna()
    ]
    if own.empty:
        raise ValueError(f"no {column} of {product!r} is printed for {YEAR[0].year} on {basis}")
    lower, upper = float(own[f"{prefix}lower"].min()), float(own[f"{prefix}upper"].max())
    return Amount(float(own[column].median()), lower, upper)


def from_share(shares: pd.DataFrame, product: str, total: Amount) -> Amount:
    """A printed share of `total` imports as an amount.

    `shares` has `product`, `flow`, `first`, `last`, `percent`, `lower`, `upper`. Raises ValueError
    unless exactly one share of imports is printed for `YEAR`.
    """
    own = shares[
        (shares["product"] == product)
        & (shares["flow"] == "import")
        & (shares["first"] == YEAR[0])
        & (shares["last"] == YEAR[1])
    ]
    if len(own) != 1:
        raise ValueError(f"expected one share of {product!r} in {YEAR[0].year}, found {len(own)}")
    row = own.iloc[0]
    return total.times(row["lower"] / 100, row["percent"] / 100, row["upper"] / 100)


def pre_ban_values(
    observations: pd.DataFrame, shares: pd.DataFrame, imports: Amount, still_traded: Amount
) -> pd.DataFrame:
    """Each group's value in 2016, USD million, one row a group; `REMAINDER` is the last.

    `imports` are China's recorded imports of 2016, `still_traded` those of a year under the bans:
    goods that no ban touches. The remainder's lower end takes them to have been as many in 2016;
    its upper end takes them to have been none. Gives `group`, `resolution`, `usd_mn`, `lower`,
    `upper`, `from` (`printed value`, `printed share`, `remainder`).
    """
    rows = []
    for group in GROUPS:
        if group.name == "coal":
            amount, origin = printed_year(observations, "coal", "value"), "printed value"
        else:
            amount, origin = from_share(shares, group.share_of, imports), "printed share"
        rows.append(
            {"group": group.name, "resolution": group.resolution, "from": origin, **amount.__dict__}
        )
    known = sum_of([Amount(row["usd_mn"], row["lower"], row["upper"]) for row in rows])
    upper = max(0.0, imports.upper - known.lower)
    lower = max(0.0, imports.lower - known.upper - still_traded.upper)
    middle = float(np.clip(imports.usd_mn - known.usd_mn - still_traded.usd_mn, lower, upper))
    rows.append(
        {
            "group": REMAINDER,
            "resolution": "2397",
            "from": "remainder",
            **Amount(middle, lower, upper).__dict__,
        }
    )
    return pd.DataFrame(rows)[["group", "resolution", "usd_mn", "lower", "upper", "from"]]


def at_last_prices(tonnes: Amount, prices: pd.DataFrame) -> Amount:
    """Pre-ban tonnes at prices known since, USD million.

    `prices` has `lower`, `middle`, `upper`, USD a tonne, one row a quotation; the interval covers
    all of them, the middle is their median.
    """
    return tonnes.times(
        float(prices["lower"].min()) / 1e6,
        float(prices["middle"].median()) / 1e6,
        float(prices["upper"].max()) / 1e6,
    )


def value_of_all(values: pd.DataFrame, imports: Amount, still_traded: Amount) -> Amount:
    """All groups of `values` together, USD million, with the ends that they can reach together.

    `values` as from `pre_ban_values`, with the same `imports` and `still_traded`. The remainder is
    largest where the other groups are smallest, so the sum of the upper ends cannot be: all groups
    are no more than all imports, and no less than imports but for the goods still traded.
    """
    added = amount_of(values, tuple(values["group"]))
    return Amount(
        added.usd_mn,
        max(added.lower, imports.lower - still_traded.upper),
        min(added.upper, imports.upper),
    )


def sum_of(amounts: list[Amount]) -> Amount:
    """The amounts added up, end by end: the widest sum, for amounts that do not bind each other."""
    return sum(amounts[1:], start=amounts[0])


def amount_of(values: pd.DataFrame, groups: tuple[str, ...]) -> Amount:
    """The sum of `groups` of a frame as from `pre_ban_values`. Raises KeyError for a group that is
    not there."""
    table = values.set_index("group")
    return sum_of([Amount(*table.loc[name, ["usd_mn", "lower", "upper"]]) for name in groups])
