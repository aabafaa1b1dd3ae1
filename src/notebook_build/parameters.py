"""The parameters of a notebook: read from its one tagged cell, checked before anything runs.

The cell is parsed, never executed: each parameter is an assignment of a literal, with or without
an annotation such as `str`, `int | None` or `Literal["day", "month"]`.
"""

from __future__ import annotations

import ast
import difflib
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from notebook_build import BuildError

SIMPLE_TYPES = {
    "str": str,
    "int": int,
    "float": float,
    "bool": bool,
    "list": list,
    "dict": dict,
    "None": type(None),
}


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
            return ast.unparse(self.annotation)
        return type(self.default).__name__


def read_parameters(source: str, where: str) -> dict[str, Parameter]:
    """The parameters that the cell assigns, in its order.

    Raises BuildError naming `where` for a cell that does more than assign literals.
    """
    try:
        statements = ast.parse(source).body
    except SyntaxError as error:
        raise BuildError(f"{where}: the parameters cell is not valid Python: {error}") from None
    parameters = (
        read_assignment(statement, where)
        for statement in statements
        if not isinstance(statement, ast.Import | ast.ImportFrom) and not is_text(statement)
    )
    return {parameter.name: parameter for parameter in parameters}


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
    if annotation is not None and not fits(default, annotation):
        raise BuildError(f"{where}: parameter '{name}' is {default!r}, not {parameter.expected}.")
    return parameter


def parse_overrides(
    given: dict[str, str], parameters: dict[str, Parameter], where: str
) -> dict[str, Any]:
    """Turn `name=text` pairs of a command line into checked values.

    Raises BuildError for an unknown name (with the nearest known one) or a value that does not
    fit the annotation, or the default's type where there is no annotation.
    """
    return {
        name: parse_value(text, known(name, parameters, where), where)
        for name, text in given.items()
    }


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
        # papermill writes a tuple into the notebook as a string, so none may pass.
        if not isinstance(value, tuple) and accepts(parameter, value):
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


def fits(value: Any, annotation: ast.expr) -> bool:
    """Whether a value fits an annotation; one that we cannot read accepts everything."""
    match annotation:
        case ast.BinOp(left=left, op=ast.BitOr(), right=right):
            return fits(value, left) or fits(value, right)
        case ast.Subscript(value=ast.Name(id="Literal"), slice=choice):
            return value in ast.literal_eval(ast.Tuple(elts=elements(choice), ctx=ast.Load()))
        case ast.Subscript(value=ast.Name(id="list"), slice=item):
            return isinstance(value, list) and all(fits(entry, item) for entry in value)
        case ast.Subscript(value=ast.Name(id="dict")):
            return isinstance(value, dict)
        case ast.Name(id=name) if name in SIMPLE_TYPES:
            return is_a(value, SIMPLE_TYPES[name])
        case ast.Constant(value=None):
            return value is None
    return True


def elements(choice: ast.expr) -> list[ast.expr]:
    return choice.elts if isinstance(choice, ast.Tuple) else [choice]


def is_a(value: Any, kind: type) -> bool:
    """isinstance, except that a bool is no number and an int is a float."""
    if kind is float:
        return isinstance(value, int | float) and not isinstance(value, bool)
    if kind is int:
        return isinstance(value, int) and not isinstance(value, bool)
    return isinstance(value, kind)
