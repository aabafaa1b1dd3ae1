"""Goods under a total ban that stand in China's record all the same, month by month."""

from __future__ import annotations

import pandas as pd

#: A flow as seen from China to the direction of a ban as seen from North Korea.
DIRECTIONS = {"import": "DPRK_export", "export": "DPRK_import"}
#: How the map's note on a code begins where the EU lists it and China's list does not.
EU_ALONE = ("EU treated; China", "EU lists")


def banned_in_record(observations: pd.DataFrame, hs_map: pd.DataFrame) -> pd.DataFrame:
    """Printed values of goods whose code was under a total ban for the whole period.

    `observations` as `schemas.COMMODITY_OBSERVATIONS`; `hs_map` has `hs_prefix`, `direction`,
    `measure`, `partial_ex` (`1` where only part of the code is banned), `resolution` and
    `first_clean_month_derived`. A code is matched by the longest prefix that holds all of it, so a
    chapter that is banned in part of its headings is not matched. Usable USD values; a period that
    begins before the first clean month is left out. Gives `first`, `last`, `flow`, `product`, `hs`,
    `resolution`, `usd_mn`, `reading` (`banned`; `banned on the EU's list only`; or `banned in
    part` where goods of the same code are free or the lists differ otherwise), `source_publisher`,
    in the order of time.
    """
    figures = observations[
        observations["value"].notna()
        & observations["currency"].eq("USD").fillna(False)
        & observations["set_aside"].isna()
        & observations["hs"].str.fullmatch(r"\d{2,10}").fillna(False)
    ]
    bans = hs_map[
        hs_map["measure"].str.startswith("total_ban")
        & hs_map["first_clean_month_derived"].str.fullmatch(r"\d{4}-\d\d").fillna(False)
    ]
    rows = []
    for row in figures.itertuples():
        ban = _ban_on(row.hs, DIRECTIONS[row.flow], bans)
        if ban is None or row.first < pd.Period(ban["first_clean_month_derived"], "M"):
            continue
        rows.append(
            {
                "first": row.first,
                "last": row.last,
                "flow": row.flow,
                "product": row.product,
                "hs": row.hs,
                "resolution": ban["resolution"],
                "usd_mn": row.value,
                "reading": _reading(ban),
                "source_publisher": row.source_publisher,
            }
        )
    return pd.DataFrame(rows).sort_values(["first", "last", "flow", "hs"]).reset_index(drop=True)


def _reading(ban: pd.Series) -> str:
    if pd.notna(ban["ambiguity"]) and ban["ambiguity"].startswith(EU_ALONE):
        return "banned on the EU's list only"
    partly = ban["partial_ex"] == "1" or pd.notna(ban["ambiguity"])
    return "banned in part" if partly else "banned"


def _ban_on(code: str, direction: str, bans: pd.DataFrame) -> pd.Series | None:
    """The ban with the longest prefix of `code`, and of equal ones the first in force."""
    own = bans[(bans["direction"] == direction) & bans["hs_prefix"].map(code.startswith)]
    if own.empty:
        return None
    ranked = own.assign(length=own["hs_prefix"].str.len()).sort_values(
        ["length", "first_clean_month_derived"], ascending=[False, True]
    )
    return ranked.iloc[0]
