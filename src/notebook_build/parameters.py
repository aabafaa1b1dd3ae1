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
import operator
from collections.abc import Iterator
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
    "tuple": tuple,
}
COMPARISONS = {
    ast.Lt: operator.lt,
    ast.LtE: operator.le,
    ast.Gt: operator.gt,
    ast.GtE: operator.ge,
    ast.Eq: operator.eq,
    ast.NotEq: operator.ne,
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

    @property
    def ranges(self) -> list[str]:
        """The comparisons that its annotation states."""
        return list(stated_ranges(self.annotation))


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
    check_ranges({name: known.default for name, known in parameters.items()}, parameters, where)
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


def stated_ranges(annotation: ast.expr | None) -> Iterator[str]:
    """The texts that stand in `Annotated`, at any depth."""
    for node in ast.walk(annotation) if annotation is not None else ():
        match node:
            case ast.Subscript(value=ast.Name(id="Annotated"), slice=ast.Tuple(elts=[_, *stated])):
                for text in stated:
                    if isinstance(text, ast.Constant) and isinstance(text.value, str):
                        yield text.value


def check_ranges(values: dict[str, Any], parameters: dict[str, Parameter], where: str) -> None:
    """Raise BuildError for the first stated range that these values do not keep.

    A range that names a parameter which is None holds: there is nothing to compare.
    """
    for parameter in parameters.values():
        for text in parameter.ranges:
            if not holds(text, values, f"{where}: parameter '{parameter.name}'"):
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
    defaults = {name: parameter.default for name, parameter in parameters.items()}
    check_ranges(defaults | values, parameters, where)
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
