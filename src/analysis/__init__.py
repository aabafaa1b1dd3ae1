"""What sanctions did to North Korea's trade, measured from China's customs figures.

>>> from analysis import load_trade        # doctest: +SKIP
>>> trade = load_trade()                   # doctest: +SKIP
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["load_trade"]


def load_trade(root: str | None = None) -> pd.DataFrame:
    """The cleaned monthly series of China's trade with North Korea, one row a month-flow-vintage.

    Columns: `month` (Period[M]); `flow` (`export` is China to North Korea, `import` North Korea to
    China, `total` their sum); `vintage` (`first_release`, or `corrected`: the customs office's
    later base of growth rates); `usd_mn` the point, USD million, missing where no upper bound is
    known; `lower_usd_mn` and `upper_usd_mn` the smallest and largest value that the published
    figures allow, both attainable (`upper` may be infinite); `lower_robust_usd_mn` and
    `upper_robust_usd_mn` the same over all near-lightest rejections of contradictory figures;
    `basis` (`reported`, `derived`, `bounded`); `n_observations`, the number of figures printed for
    exactly that month. Until December 2015 the series is KITA's sum of product lines, from
    January 2016 the customs office's total.

    `root` is a project folder; the default is this checkout. Raises FileNotFoundError, saying
    what to run, when the series has not been built.
    """
    import pandas as pd

    from analysis.paths import project_paths

    file = project_paths(root).processed / "trade_monthly.parquet"
    if not file.exists():
        raise FileNotFoundError(f"{file} is not there yet: run `make all` in the project folder")
    trade = pd.read_parquet(file)
    return trade.assign(month=pd.PeriodIndex(trade["month"], freq="M"))
