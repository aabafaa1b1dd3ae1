"""Ranges of parameters: comparisons such as "1 <= draws <= 5000", parsed and never executed."""

from __future__ import annotations

import ast
import operator
from collections.abc import Iterator
from typing import Any

from notebook_build import BuildError

COMPARISONS = {
    ast.Lt: operator.lt,
    ast.LtE: operator.le,
    ast.Gt: operator.gt,
    ast.GtE: operator.ge,
    ast.Eq: operator.eq,
    ast.NotEq: operator.ne,
}


def stated_ranges(annotation: ast.expr | None) -> Iterator[str]:
    """The texts that stand in `Annotated`, at any depth."""
    for node in ast.walk(annotation) if annotation is not None else ():
        match node:
            case ast.Subscript(value=ast.Name(id="Annotated"), slice=ast.Tuple(elts=[_, *stated])):
                for text in stated:
                    if isinstance(text, ast.Constant) and isinstance(text.value, str):
                        yield text.value


def check_ranges(values: dict[str, Any], stated: dict[str, list[str]], where: str) -> None:
    """Raise BuildError for the first range, `stated` by parameter, that these values do not keep.

    A range that names a parameter which is None holds: there is nothing to compare.
    """
    for parameter, texts in stated.items():
        for text in texts:
            if not holds(text, values, f"{where}: parameter '{parameter}'"):
                named = [name for name in values if name in names_in(text)]
                shown = ", ".join(f"{name} = {values[name]!r}" for name in named)
                raise BuildError(f"{where}: {shown} is outside its range: {text}.")


def names_in(text: str) -> set[str]:
    return {node.id for node in ast.walk(ast.parse(text)) if isinstance(node, ast.Name)}


def holds(text: str, values: dict[str, Any], where: str) -> bool:
    """Whether a comparison such as "1 <= draws <= 5000" holds; it is parsed, never executed."""
    try:
        comparison = ast.parse(text.strip(), mode="eval").body
        if not isinstance(comparison, ast.Compare):
            raise ValueError
        terms = [term(node, values) for node in (comparison.left, *comparison.comparators)]
        signs = [COMPARISONS[type(sign)] for sign in comparison.ops]
    except (SyntaxError, ValueError, KeyError):
        raise BuildError(
            f"{where} states the range '{text}', which is not a comparison of parameters and "
            "literals such as '1 <= draws <= 5000'."
        ) from None
    if any(value is None for value in terms):
        return True
    try:
        return all(
            sign(left, right)
            for sign, left, right in zip(signs, terms[:-1], terms[1:], strict=True)
        )
    except TypeError:
        raise BuildError(f"{where} states the range '{text}', which compares unlike things.") from (
            None
        )


def term(node: ast.expr, values: dict[str, Any]) -> Any:
    """A parameter's value or a literal; raises KeyError or ValueError for anything else."""
    return values[node.id] if isinstance(node, ast.Name) else ast.literal_eval(node)
