"""A worksheet of texts alone, each row written as it comes.

The library's own way of writing a cell asks what sort it is and keeps it until its row is over:
for a sheet that goes back that was a third of the time an import took.
"""

import re
from collections.abc import Mapping, Sequence

from xlsxwriter.format import Format
from xlsxwriter.utility import xl_col_to_name
from xlsxwriter.worksheet import Worksheet

_COLUMNS_MAX = 16_384
_CELL_MAX = 32_767
_STARTS = tuple(f'<c r="{xl_col_to_name(place)}' for place in range(_COLUMNS_MAX))
_DANGEROUS = "=+-@\t\r\n＝＋－＠"
# What a spreadsheet, XML or Excel would take for something else, and spaces at either end.
_SPECIAL = re.compile(
    rf"^[{re.escape(_DANGEROUS)}\s]|\s$|[&<>\x00-\x08\x0b-\x1f\ufffe\uffff]|_x[0-9a-fA-F]{{4}}_"
).search


def guard(text: str) -> str:
    """Text that no spreadsheet takes for a formula, cut to what a cell holds."""
    safe = f"'{text}" if text.startswith(tuple(_DANGEROUS)) else text
    return safe[:_CELL_MAX]


class TextPage(Worksheet):  # type: ignore[misc] # the library says no types
    """Takes its rows in order, in a workbook with `constant_memory`; every text is guarded."""

    def put(
        self, at: int, texts: Sequence[str], style: Format, marked: Mapping[int, Format]
    ) -> None:
        """Writes row `at`, counted from 0; a blank text is no cell unless its place is marked.

        `marked` gives the style of single places; all others have `style`.
        """
        index = style._get_xf_index()  # noqa: SLF001 as the library's own pages do
        end = f'{at + 1}" s="{index}" t="inlineStr"><is><t'
        cells = [
            ""
            if not text
            else f"{_STARTS[place]}{end}{self._rest(text)}"
            if _SPECIAL(text) or len(text) > _CELL_MAX
            else f"{_STARTS[place]}{end}>{text}</t></is></c>"
            for place, text in enumerate(texts)
        ]
        for place, own in marked.items():
            start = f'{_STARTS[place]}{at + 1}" s="{own._get_xf_index()}"'  # noqa: SLF001
            rest = f' t="inlineStr"><is><t{self._rest(texts[place])}' if texts[place] else "/>"
            cells[place] = f"{start}{rest}"
        written = "".join(cells)
        if written:
            self._check_dimensions(at, 0)
            self._check_dimensions(at, len(texts) - 1)
            self.fh.write(f'<row r="{at + 1}">{written}</row>')

    def _rest(self, text: str) -> str:
        """What follows `<t` for a text in which something may have to be written another way."""
        safe = self._escape_data(self._escape_control_characters(guard(text)))
        kept = ' xml:space="preserve"' if text[0].isspace() or text[-1].isspace() else ""
        return f"{kept}>{safe}</t></is></c>"
