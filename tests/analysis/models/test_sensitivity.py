import numpy as np
import pytest

from analysis.models.sensitivity import first_order_share, variance_shares


def test_shares_of_a_sum_are_the_shares_of_its_variances():
    rng = np.random.default_rng(1)
    inputs = {name: rng.uniform(0, 1, 40_000) for name in "abc"}
    output = 3 * inputs["a"] + 2 * inputs["b"] + rng.normal(0, 0.5, 40_000)
    shares = variance_shares(inputs, output).set_index("input")["share"]
    whole = 9 / 12 + 4 / 12 + 0.25
    assert shares["a"] == pytest.approx(9 / 12 / whole, abs=0.01)
    assert shares["b"] == pytest.approx(4 / 12 / whole, abs=0.01)
    assert shares["c"] == pytest.approx(0, abs=0.003)
    assert shares.sum() == pytest.approx(1)


def test_the_ishigami_function_gives_its_published_indices():
    """Ishigami and Homma 1990, a = 7, b = 0.1: S1 = 0.314, S2 = 0.442, S3 = 0."""
    rng = np.random.default_rng(2)
    x = rng.uniform(-np.pi, np.pi, (3, 60_000))
    output = np.sin(x[0]) + 7 * np.sin(x[1]) ** 2 + 0.1 * x[2] ** 4 * np.sin(x[0])
    found = [first_order_share(values, output) for values in x]
    assert found == pytest.approx([0.314, 0.442, 0.0], abs=0.012)


def test_what_does_not_vary_has_no_share_and_few_draws_are_refused():
    values = np.arange(1_000.0)
    assert first_order_share(values, np.ones(1_000)) == 0
    assert first_order_share(np.ones(1_000), values) == 0
    with pytest.raises(ValueError, match="at least 500"):
        first_order_share(values[:100], values[:100])
