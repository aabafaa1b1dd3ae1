"""The shape of every frame that crosses a wall, and the error that says what is wrong with one."""

from __future__ import annotations


class InputError(ValueError):
    """A file that cannot be used as it is.

    The message names the file, the row (the line of the file, the header being 1), the column,
    what was found, what was expected and what to do.
    """

    def __init__(
        self,
        expected: str,
        *,
        file: str,
        action: str,
        row: int | None = None,
        column: str | None = None,
        found: object = None,
    ) -> None:
        self.expected, self.file, self.action = expected, file, action
        self.row, self.column, self.found = row, column, found
        where = file
        if row is not None:
            where += f", line {row}"
        if column is not None:
            where += f", column {column!r}"
        found_text = "" if found is None else f" Found: {found!r}."
        super().__init__(f"{where}: expected {expected}.{found_text} What to do: {action}")
