"""Which input matters most: first-order shares of the variance, from the draws themselves."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd

#: Bins of equal count into which an input is cut. Their means carry noise of about this over the
#: number of draws, which is taken off.
BINS = 50


def first_order_share(values: np.ndarray, output: np.ndarray, *, bins: int = BINS) -> float:
    """Var(E[output | input]) / Var(output): the first-order Sobol index of an input.

    Estimated from given draws by the correlation ratio over bins of equal count (Plischke 2010,
    Reliability Engineering and System Safety 95(4), 354-360), less the share that bins of pure
    noise would show. An input or an output that does not vary has a share of zero.
    """
    if len(values) != len(output) or len(values) < 10 * bins:
        raise ValueError(f"{bins} bins need as many values as outputs, and at least {10 * bins}")
    variance = output.var()
    if variance == 0 or np.ptp(values) == 0:
        return 0.0
    parts = np.array_split(output[np.argsort(values, kind="stable")], bins)
    means = np.array([part.mean() for part in parts])
    sizes = np.array([len(part) for part in parts])
    between = np.average((means - output.mean()) ** 2, weights=sizes)
    ratio = between / variance
    noise = (bins - 1) / (len(output) - 1)
    return float(np.clip((ratio - noise) / (1 - noise), 0.0, 1.0))


def variance_shares(
    inputs: Mapping[str, np.ndarray], output: np.ndarray, *, rest: str = "the calls themselves"
) -> pd.DataFrame:
    """First-order share of every input, and what they leave.

    `rest` takes what no input explains alone: chance, and inputs acting together. Columns
    `input`, `share`; the shares add up to one unless the inputs are correlated.
    """
    shares = {name: first_order_share(values, output) for name, values in inputs.items()}
    shares[rest] = max(0.0, 1.0 - sum(shares.values()))
    return pd.DataFrame({"input": list(shares), "share": list(shares.values())})
