"""Streams one XML part of an .xlsx and notes what the reader of cells would not tell."""

from xml.parsers import expat

_FORMULAS_KEPT = 20  # of each row: enough to show
_ROW_DIGITS = 7  # Excel ends at row 1048576
_LETTERS = 3  # and at column XFD
_IN_CELL = frozenset({"v", "is", "t", "r", "rPr"})
_YES = frozenset({"1", "true"})


class Unsafe(Exception):
    """The XML is nothing a spreadsheet program writes: a document type, a cell out of its row."""


class WorksheetScan:
    """Fed with a part's bytes; afterwards says whether it is a worksheet and what is in it.

    `rows` and `columns` are the far corner of its cells, `filled` how many rows have any;
    `formulas` gives addresses by row.
    """

    def __init__(self) -> None:
        self.is_worksheet = False
        self.rows = 0
        self.filled = 0
        self.columns = 0
        self.formulas: dict[int, list[str]] = {}
        self.hidden_rows: set[int] = set()
        self._row = 0
        self._row_text = "0"
        self._no_cell_yet = True
        self._column = 0
        self._cell = ""
        self._passed: set[str] = set()  # tags of what stands in a cell and tells nothing
        self._columns_of: dict[str, int] = {}
        self._parser = expat.ParserCreate()
        self._parser.ordered_attributes = True
        self._parser.StartDoctypeDeclHandler = self._doctype
        self._parser.StartElementHandler = self._root

    def feed(self, chunk: bytes) -> None:
        """Raises ExpatError for broken XML and Unsafe for what must not be parsed on."""
        self._parser.Parse(chunk, False)

    def close(self) -> None:
        """Ends the part; raises ExpatError when it is cut short."""
        self._parser.Parse(b"", True)

    def _doctype(self, *_: object) -> None:
        raise Unsafe

    def _root(self, tag: str, _: list[str]) -> None:
        self.is_worksheet = tag.rpartition(":")[2] == "worksheet"
        self._parser.StartElementHandler = self._element if self.is_worksheet else None

    def _element(self, tag: str, attributes: list[str]) -> None:
        # Runs for every cell and every value of a sheet, so the common ways are short.
        if tag in self._passed:
            return
        if tag == "c" and attributes and attributes[0] == "r":
            self._start_cell(attributes[1])
        else:
            self._other(tag, dict(zip(attributes[::2], attributes[1::2], strict=True)))

    def _other(self, tag: str, attributes: dict[str, str]) -> None:
        local = tag.rpartition(":")[2]
        if local == "c":
            self._start_cell(attributes.get("r"))
        elif local == "row":
            self._start_row(attributes)
        elif local == "f":
            self._formula()
        elif local in _IN_CELL:
            self._passed.add(tag)
        else:
            self._cell = ""

    def _start_row(self, attributes: dict[str, str]) -> None:
        number = attributes.get("r")
        if number is None:
            self._row += 1
        elif number.isascii() and number.isdigit() and len(number) <= _ROW_DIGITS:
            self._row = int(number)
        else:
            raise Unsafe
        self._row_text = str(self._row)
        self._column = 0
        self._no_cell_yet = True
        self._cell = ""
        if attributes.get("hidden") in _YES:
            self.hidden_rows.add(self._row)

    def _start_cell(self, address: str | None) -> None:
        if address is None:
            self._column += 1
            self._cell = f"R{self._row}C{self._column}"
            self.columns = max(self.columns, self._column)
        elif address.endswith(self._row_text):
            letters = address[: -len(self._row_text)]
            self._column = self._columns_of.get(letters) or self._place(letters)
            self._cell = address
        else:
            raise Unsafe
        if self._no_cell_yet:
            self._no_cell_yet = False
            self.filled += 1
            self.rows = max(self.rows, self._row)

    def _place(self, letters: str) -> int:
        named = letters.isascii() and letters.isalpha() and letters.isupper()
        if not named or len(letters) > _LETTERS:
            raise Unsafe
        place = 0
        for letter in letters:
            place = place * 26 + ord(letter) - 64
        self._columns_of[letters] = place
        self.columns = max(self.columns, place)
        return place

    def _formula(self) -> None:
        # A list of choices (x14:dataValidation) also has an «f», outside any cell.
        if not self._cell:
            return
        found = self.formulas.setdefault(self._row, [])
        if len(found) < _FORMULAS_KEPT:
            found.append(self._cell)
