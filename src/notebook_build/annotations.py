"""Types of parameters, as their annotations state them: parsed, never executed."""

from __future__ import annotations

import ast
from typing import Any

from notebook_build import BuildError

SIMPLE_TYPES = {
    "str": str,
    "int": int,
    "float": float,
    "bool": bool,
    "list": list,
    "dict": dict,
    "tuple": tuple,
}


def check_annotation(annotation: ast.expr, where: str) -> None:
    """Raise BuildError for an annotation that values could not be checked against."""
    match annotation:
        case ast.BinOp(left=left, op=ast.BitOr(), right=right):
            inner = [left, right]
        case ast.Subscript(value=ast.Name(id="Annotated"), slice=ast.Tuple(elts=[kind, *_])):
            inner = [kind]
        case ast.Subscript(value=ast.Name(id="Literal"), slice=choice):
            literal_choices(choice, where)
            inner = []
        case ast.Subscript(
            value=ast.Name(id="list" | "dict" | "tuple" | "Optional" | "Union"), slice=item
        ):
            inner = [entry for entry in elements(item) if not is_ellipsis(entry)]
        case ast.Constant(value=None):
            inner = []
        case ast.Name(id=name) if name in SIMPLE_TYPES:
            inner = []
        case _:
            raise BuildError(
                f"{where} is annotated '{ast.unparse(annotation)}', which cannot be checked. "
                f"Use {', '.join(SIMPLE_TYPES)}, None, Literal, Optional, Union or Annotated."
            )
    for entry in inner:
        check_annotation(entry, where)


def literal_choices(choice: ast.expr, where: str) -> tuple[Any, ...]:
    try:
        return ast.literal_eval(ast.Tuple(elts=elements(choice), ctx=ast.Load()))
    except ValueError:
        raise BuildError(f"{where}: Literal holds something computed.") from None


def is_ellipsis(annotation: ast.expr) -> bool:
    return isinstance(annotation, ast.Constant) and annotation.value is ...


def fits(value: Any, annotation: ast.expr) -> bool:
    """Whether a value is of the annotated type; its range is looked at apart."""
    match annotation:
        case ast.BinOp(left=left, op=ast.BitOr(), right=right):
            return fits(value, left) or fits(value, right)
        case ast.Subscript(value=ast.Name(id="Annotated"), slice=ast.Tuple(elts=[kind, *_])):
            return fits(value, kind)
        case ast.Subscript(value=ast.Name(id="Optional"), slice=kind):
            return value is None or fits(value, kind)
        case ast.Subscript(value=ast.Name(id="Union"), slice=kinds):
            return any(fits(value, kind) for kind in elements(kinds))
        case ast.Subscript(value=ast.Name(id="Literal"), slice=choice):
            # True == 1, yet neither is a choice for the other.
            choices = [(type(entry), entry) for entry in literal_choices(choice, "")]
            return (type(value), value) in choices
        case ast.Subscript(value=ast.Name(id="list"), slice=item):
            return isinstance(value, list) and all(fits(entry, item) for entry in value)
        case ast.Subscript(value=ast.Name(id="dict"), slice=ast.Tuple(elts=[key, item])):
            return isinstance(value, dict) and all(
                fits(name, key) and fits(entry, item) for name, entry in value.items()
            )
        case ast.Subscript(value=ast.Name(id="tuple"), slice=items):
            return isinstance(value, tuple) and fit_in_order(value, elements(items))
        case ast.Name(id=name) if name in SIMPLE_TYPES:
            return is_a(value, SIMPLE_TYPES[name])
        case ast.Constant(value=None):
            return value is None
    raise AssertionError(f"{ast.unparse(annotation)} passed check_annotation")


def fit_in_order(values: tuple[Any, ...], items: list[ast.expr]) -> bool:
    if len(items) == 2 and is_ellipsis(items[1]):
        return all(fits(value, items[0]) for value in values)
    return len(values) == len(items) and all(map(fits, values, items))


def elements(choice: ast.expr) -> list[ast.expr]:
    return choice.elts if isinstance(choice, ast.Tuple) else [choice]


def is_a(value: Any, kind: type) -> bool:
    """isinstance, except that a bool is no number and an int is a float."""
    if kind is float:
        return isinstance(value, int | float) and not isinstance(value, bool)
    if kind is int:
        return isinstance(value, int) and not isinstance(value, bool)
    return isinstance(value, kind)
