"""Which function made what a cell shows, read from the code of the notebook and never run."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field


@dataclass
class Calls:
    """What the cells read so far have imported and assigned."""

    imported: dict[str, str] = field(default_factory=dict)
    assigned: dict[str, ast.expr] = field(default_factory=dict)

    def read(self, source: str) -> list[str]:
        """Read one more cell; the full names of the imported functions whose results it shows.

        One for each thing shown, in order, empty where no imported function made it; none where
        the cell shows nothing, or is not plain Python.

        >>> Calls().read("from shop.drawing import fall\\nfall(prices, title='Down')")
        ['shop.drawing.fall']
        """
        try:
            statements = ast.parse(source).body
        except SyntaxError:
            return []
        for statement in statements:
            self.remember(statement)
        last = statements[-1] if statements else None
        shown = parts_shown(last.value) if isinstance(last, ast.Expr) else []
        return [next(self.made_by(part), "") for part in shown]

    def remember(self, statement: ast.stmt) -> None:
        if isinstance(statement, ast.ImportFrom) and statement.module:
            for name in statement.names:
                self.imported[name.asname or name.name] = f"{statement.module}.{name.name}"
        elif isinstance(statement, ast.Import):
            for name in statement.names:
                self.imported[name.asname or name.name] = name.name
        elif isinstance(statement, ast.Assign):
            for target in statement.targets:
                if isinstance(target, ast.Name):
                    self.assigned[target.id] = statement.value

    def made_by(self, shown: ast.expr, depth: int = 0) -> Iterator[str]:
        """Imported functions called in an expression, the outermost first."""
        if isinstance(shown, ast.Name) and shown.id in self.assigned and depth < DEEPEST:
            yield from self.made_by(self.assigned[shown.id], depth + 1)
        for node in breadth_first([shown]):
            if isinstance(node, ast.Call) and (name := self.full_name(node.func)):
                yield name

    def full_name(self, function: ast.expr) -> str:
        """`module.function` for an imported name or an attribute of an imported module."""
        parts: list[str] = []
        while isinstance(function, ast.Attribute):
            parts.append(function.attr)
            function = function.value
        if not isinstance(function, ast.Name) or function.id not in self.imported:
            return ""
        return ".".join([self.imported[function.id], *reversed(parts)])


def parts_shown(shown: ast.expr) -> list[ast.expr]:
    """The arguments of `display`, which shows each by itself; else the expression."""
    is_display = isinstance(shown, ast.Call) and getattr(shown.func, "id", "") == "display"
    return list(shown.args) if is_display else [shown]


#: A name that stands for a name that stands for itself would never end.
DEEPEST = 5


def breadth_first(nodes: Iterable[ast.AST]) -> Iterator[ast.AST]:
    level = list(nodes)
    while level:
        yield from level
        level = [child for node in level for child in ast.iter_child_nodes(node)]
