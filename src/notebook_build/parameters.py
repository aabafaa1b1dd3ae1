"""The parameters of a notebook: read from its one tagged cell, checked before anything runs.

The cell is parsed, never executed: each parameter is an assignment of a literal, with or without
an annotation. Annotations are built from str, int, float, bool, None, list, dict, tuple, `|`,
`Optional`, `Union`, `Literal` for choices, and `Annotated` for a range. A range is a comparison
in words of the parameters' own names:

    flow: Literal["in", "out"] = "in"
    draws: Annotated[int, "1 <= draws <= 5000"] = 200
    first: Annotated[str, "'2000-01' <= first <= last"] = "2014-01"
    last: str = "2019-12"
"""

from __future__ import annotations

import ast
import difflib
import re
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from notebook_build import BuildError
from notebook_build.annotations import check_annotation, fits, is_a
from notebook_build.ranges import check_ranges, stated_ranges


@dataclass(frozen=True)
class Parameter:
    """One assignment of the `parameters` cell."""

    name: str
    default: Any
    annotation: ast.expr | None

    @property
    def expected(self) -> str:
        """What a value must be, in words for an error."""
        if self.annotation is not None:
            told = ast.unparse(self.annotation)
            return ANNOTATED.sub(r"\1 with \2", told)
        return type(self.default).__name__


#: A type and the condition on it, as Python writes them.
ANNOTATED = re.compile(r"^Annotated\[(.*), '(.*)'\]$")


def read_parameters(source: str, where: str) -> dict[str, Parameter]:
    """The parameters that the cell assigns, in its order.

    Raises BuildError naming `where` for a cell that does more than assign literals.
    """
    try:
        statements = ast.parse(source).body
    except SyntaxError as error:
        raise BuildError(f"{where}: the parameters cell is not valid Python: {error}") from None
    parameters = {}
    for statement in statements:
        if isinstance(statement, ast.Import | ast.ImportFrom) or is_text(statement):
            continue
        parameter = read_assignment(statement, where)
        if parameter.name in parameters:
            raise BuildError(f"{where}: the parameters cell assigns '{parameter.name}' twice.")
        parameters[parameter.name] = parameter
    check_ranges(defaults_of(parameters), ranges_of(parameters), where)
    return parameters


def is_text(statement: ast.stmt) -> bool:
    return isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant)


def read_assignment(statement: ast.stmt, where: str) -> Parameter:
    match statement:
        case ast.Assign(targets=[ast.Name(id=name)], value=value):
            annotation = None
        case ast.AnnAssign(
            target=ast.Name(id=name), annotation=annotation, value=ast.expr() as value
        ):
            pass
        case _:
            raise BuildError(
                f"{where}: the parameters cell holds '{ast.unparse(statement)}'. "
                "Let it only assign literals, one name a line."
            )
    try:
        default = ast.literal_eval(value)
    except ValueError:
        raise BuildError(
            f"{where}: parameter '{name}' is set to '{ast.unparse(value)}', which is computed. "
            "Give it a literal and compute in a later cell."
        ) from None
    parameter = Parameter(name, default, annotation)
    if annotation is not None:
        check_annotation(annotation, f"{where}: parameter '{name}'")
    if annotation is not None and not fits(default, annotation):
        raise BuildError(f"{where}: parameter '{name}' is {default!r}, not {parameter.expected}.")
    return parameter


def defaults_of(parameters: dict[str, Parameter]) -> dict[str, Any]:
    return {name: parameter.default for name, parameter in parameters.items()}


def ranges_of(parameters: dict[str, Parameter]) -> dict[str, list[str]]:
    return {name: list(stated_ranges(known.annotation)) for name, known in parameters.items()}


def split_assignments(text: str) -> dict[str, str]:
    """The pairs of "a=1 b='x y' codes=[1, 2]", each value as it was typed.

    A new pair starts at NAME= after a space, outside quotes and brackets; so a value may hold
    spaces and equals signs.

    >>> split_assignments("label=a=b c level=0.9")
    {'label': 'a=b c', 'level': '0.9'}
    """
    pairs: dict[str, str] = {}
    for piece in pieces(text):
        name, equals, value = piece.partition("=")
        if not equals or not name.strip().isidentifier():
            raise BuildError(f"parameter {piece!r} is not of the form NAME=VALUE.")
        if name.strip() in pairs:
            raise BuildError(f"parameter '{name.strip()}' is given twice.")
        pairs[name.strip()] = value.strip()
    return pairs


def pieces(text: str) -> list[str]:
    """`text` cut before each NAME= that stands after a space, outside quotes and brackets."""
    found: list[str] = []
    quote, depth, start = "", 0, 0
    for place, sign in enumerate(text):
        if quote:
            quote = "" if sign == quote else quote
        # An apostrophe inside a word opens nothing.
        elif sign in "'\"" and (depth or text[:place].endswith("=")):
            quote = sign
        elif sign in "[({":
            depth += 1
        elif sign in "])}":
            depth -= 1
        elif sign.isspace() and depth <= 0 and starts_pair(text[place + 1 :]):
            found.append(text[start:place].strip())
            start = place + 1
    found.append(text[start:].strip())
    return [piece for piece in found if piece]


def starts_pair(text: str) -> bool:
    name, equals, _ = text.partition("=")
    return bool(equals) and name.isidentifier()


def parse_overrides(
    given: dict[str, str], parameters: dict[str, Parameter], where: str
) -> dict[str, Any]:
    """Turn `name=text` pairs of a command line into checked values.

    Raises BuildError for an unknown name (with the nearest known one) or a value that does not
    fit the annotation or its range, or the default's type where there is no annotation.
    """
    values = {
        name: parse_value(text, known(name, parameters, where), where)
        for name, text in given.items()
    }
    check_ranges(defaults_of(parameters) | values, ranges_of(parameters), where)
    return values


def known(name: str, parameters: dict[str, Parameter], where: str) -> Parameter:
    if name in parameters:
        return parameters[name]
    nearest = difflib.get_close_matches(name, parameters, n=1)
    hint = f" Did you mean '{nearest[0]}'?" if nearest else ""
    raise BuildError(
        f"{where}: unknown parameter '{name}'.{hint} Known: {', '.join(parameters) or 'none'}."
    )


def parse_value(text: str, parameter: Parameter, where: str) -> Any:
    """The literal that `text` spells, or the text itself where only text fits."""
    candidates: list[Any] = [text]
    with suppress(ValueError, SyntaxError):
        candidates.insert(0, ast.literal_eval(text))
    for value in candidates:
        if accepts(parameter, value):
            return value
    raise BuildError(
        f"{where}: parameter '{parameter.name}' is {text!r}, which is not {parameter.expected}."
    )


def accepts(parameter: Parameter, value: Any) -> bool:
    if parameter.annotation is not None:
        return fits(value, parameter.annotation)
    if parameter.default is None:
        return True
    return is_a(value, type(parameter.default))
