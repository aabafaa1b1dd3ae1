"""Shares of goods in China's trade with North Korea, where a share was printed and no amount."""

from __future__ import annotations

import pandas as pd

from analysis.paths import Paths
from analysis.sources.tables import Place, parse_period, printed_interval, read_table, table_file

TABLE = "gacc_commodities"
#: The unit of such a row to its flow, as seen from China.
UNITS = {"% of China imports from DPRK": "import", "% of China exports to DPRK": "export"}


def read_trade_shares(paths: Paths) -> pd.DataFrame:
    """One row a printed share: `line`, `first`, `last` (Period[M], both inside), `flow`, `product`,
    `percent`, `lower`, `upper`, `source_publisher`. Per cent of the flow.

    Raises InputError as `read_table` does, and for a share that is no number.
    """
    table = read_table(paths, TABLE)
    rows = []
    for line, row in table[table["value_unit"].isin(list(UNITS))].iterrows():
        file = table_file(TABLE)
        period = parse_period(row["period"], Place(file, int(line), "period"))
        printed = printed_interval(row["value"], 1, Place(file, int(line), "value"))
        rows.append(
            {
                "line": int(line),
                "first": period.first,
                "last": period.last,
                "flow": UNITS[row["value_unit"]],
                "product": row["commodity"].replace(" (share)", ""),
                "percent": float(printed.value),
                "lower": float(printed.lower),
                "upper": float(printed.upper),
                "source_publisher": row["source_publisher"],
            }
        )
    return pd.DataFrame(rows)
