"""Forms with something wrong in them."""

from dataclasses import replace

from app.reports.statistics import Row


def with_figure(row: Row, figure: str, value: int) -> Row:
    """The row with one figure changed."""
    return replace(row, figures={**row.figures, figure: value})
