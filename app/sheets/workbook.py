"""Opens a workbook from bytes: every sheet, every cell, at the addresses the file itself uses."""

import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import PurePath
from typing import Literal

from python_calamine import (
    CalamineError,
    CalamineSheet,
    CalamineWorkbook,
    PasswordError,
    SheetTypeEnum,
    SheetVisibleEnum,
)

from app.sheets.archive import SheetFacts, inspect_archive
from app.sheets.delimited import read_delimited
from app.sheets.errors import (
    SheetBroken,
    SheetEmpty,
    SheetEncrypted,
    SheetExtension,
    SheetTooLarge,
    SheetWrongType,
)
from app.sheets.limits import Limits

Kind = Literal["xlsx", "xls", "csv"]
Cell = object
"""str, int, bool, a number with a point, date, datetime, time or timedelta; "" is a blank cell."""

_OLE2 = bytes.fromhex("D0CF11E0A1B11AE1")
_ZIP = b"PK"
_BINARY_STARTS = (b"%PDF", b"\x89PNG", b"\xff\xd8\xff", b"Rar!", b"7z\xbc\xaf", b"\x1f\x8b")
_MARKUP_STARTS = ("<!doctype", "<html", "<table", "<?xml", "{\\rtf", "mime-version")
_ENCRYPTED_STREAM = "EncryptedPackage".encode("utf-16-le")
_EXTENSIONS: dict[str, Kind] = {".xlsx": "xlsx", ".xls": "xls", ".csv": "csv", ".txt": "csv"}
_NOTHING_KNOWN = SheetFacts(frozenset(), {}, 0)


@dataclass(frozen=True)
class Merge:
    """A merged range, 1-based and inclusive."""

    top: int
    left: int
    bottom: int
    right: int


@dataclass(frozen=True)
class Sheet:
    """One worksheet; `rows[0]` is row 1 of the file, and so are blank rows kept.

    `formulas` are the addresses of computed cells by row; whoever takes a row in refuses them.
    """

    name: str
    rows: Sequence[Sequence[Cell]] = field(repr=False)
    merges: tuple[Merge, ...] = ()
    hidden: bool = False
    hidden_rows: frozenset[int] = frozenset()
    formulas: Mapping[int, Sequence[str]] = field(default_factory=dict, repr=False)


@dataclass(frozen=True)
class Workbook:
    """A file that was read whole. A CSV is a workbook of one sheet named after its file."""

    filename: str
    kind: Kind
    sheets: tuple[Sheet, ...]


def column_letter(place: int) -> str:
    """The spreadsheet's name of a column: 1 → A, 27 → AA."""
    letters = ""
    while place:
        place, rest = divmod(place - 1, 26)
        letters = chr(65 + rest) + letters
    return letters


def column_place(letters: str) -> int:
    """The place of a column by its name, from 1: A → 1, AA → 27."""
    place = 0
    for letter in letters:
        place = place * 26 + ord(letter) - 64
    return place


def open_workbook(data: bytes, filename: str, *, limits: Limits | None = None) -> Workbook:
    """The workbook in `data`, its type told by its content and agreeing with its name.

    Raises an `Invalid` of `app.sheets.errors` for whatever cannot be read as the school wrote it:
    empty, wrong type, too large, a zip bomb, damaged, encrypted, badly encoded.
    Formulas of the old .xls format cannot be told from values by the reader and pass as values.
    """
    limits = limits or Limits()
    kind = kind_of(data, filename, limits=limits)
    if kind == "csv":
        name = PurePath(filename).stem
        sheets: tuple[Sheet, ...] = (Sheet(name, read_delimited(data, limits)),)
    else:
        facts = inspect_archive(data, limits) if kind == "xlsx" else {}
        sheets = _read_sheets(data, facts, limits)
    if not any(any(cell != "" for cell in row) for sheet in sheets for row in sheet.rows):
        raise SheetEmpty(
            "表中没有任何内容；请检查是否上传了正确的文件",
            "No sheet of the file has anything in it; check that it is the right file",
        )
    return Workbook(filename, kind, sheets)


def kind_of(data: bytes, filename: str, *, limits: Limits) -> Kind:
    """What sort of sheet the bytes are, told without reading them whole.

    Raises SheetEmpty, SheetTooLarge, SheetWrongType, SheetExtension, SheetEncrypted.
    """
    check_size(len(data), limits)
    kind = _kind_of(data)
    _agree(kind, filename)
    return kind


def check_size(size: int, limits: Limits) -> None:
    """Raises SheetEmpty for a file of no bytes, SheetTooLarge for one of too many."""
    if not size:
        raise SheetEmpty(
            "文件是空的（0 字节）；请重新导出后再上传",
            "The file is empty (0 bytes); export it again and upload that",
        )
    if size > limits.max_bytes:
        raise SheetTooLarge(
            f"文件有 {size} 字节，超过上限 {limits.max_bytes} 字节；请分成几个文件上传",
            f"The file has {size} bytes, more than {limits.max_bytes}; split it",
        )


def _kind_of(data: bytes) -> Kind:
    if data.startswith(_OLE2):
        if _ENCRYPTED_STREAM in data:
            raise _encrypted()
        return "xls"
    if data.startswith(_ZIP):
        return "xlsx"
    start = data[:64].decode("latin-1").lstrip("\ufeffï»¿ \t\r\n").lower()
    if data.startswith(_BINARY_STARTS) or start.startswith(_MARKUP_STARTS) or b"\0" in data:
        raise SheetWrongType(
            "文件内容不是 .xlsx、.xls 或 .csv 表格；请在表格软件中另存为 .xlsx 后上传",
            "The content is no .xlsx, .xls or .csv sheet; "
            "save it as .xlsx in a spreadsheet program and upload that",
        )
    return "csv"


def _agree(kind: Kind, filename: str) -> None:
    extension = PurePath(filename).suffix.lower()
    named = _EXTENSIONS.get(extension)
    if named is None:
        raise SheetWrongType(
            f"不接受扩展名为「{extension}」的文件；请上传 .xlsx、.xls 或 .csv",
            f"Files named “{extension}” are not taken; upload .xlsx, .xls or .csv",
        )
    if named != kind:
        raise SheetExtension(
            f"文件名以 {extension} 结尾，内容却是 {kind}；请用表格软件另存为正确的格式后上传",
            f"The name ends in {extension} but the content is {kind}; "
            "save it in the right format and upload that",
        )


def _encrypted() -> SheetEncrypted:
    return SheetEncrypted(
        "文件设有打开密码；请取消密码后上传",
        "The file is protected with a password; remove the password and upload it again",
    )


def _read_sheets(data: bytes, facts: dict[str, SheetFacts], limits: Limits) -> tuple[Sheet, ...]:
    try:
        book = CalamineWorkbook.from_filelike(io.BytesIO(data))
        kept = [one for one in book.sheets_metadata if one.typ is SheetTypeEnum.WorkSheet]
        if len(kept) > limits.max_sheets:
            raise SheetTooLarge(
                f"工作簿有 {len(kept)} 张工作表，超过上限 {limits.max_sheets} 张；请分开上传",
                f"The workbook has {len(kept)} sheets, more than {limits.max_sheets}; split it",
            )
        sheets = []
        for one in kept:
            read = book.get_sheet_by_name(one.name)
            hidden = one.visible is not SheetVisibleEnum.Visible
            known = facts.get(one.name, _NOTHING_KNOWN)
            sheets.append(
                Sheet(
                    name=one.name,
                    rows=_rows_of(read, limits),
                    merges=_merges_of(read),
                    hidden=hidden,
                    hidden_rows=known.hidden_rows,
                    formulas=known.formulas,
                )
            )
    except PasswordError as error:
        raise _encrypted() from error
    except CalamineError as error:
        raise SheetBroken(
            "文件已损坏，无法读取；请在表格软件中打开并另存后再上传",
            "The file is damaged and cannot be read; open it in a spreadsheet program, "
            "save it anew and upload that",
        ) from error
    return tuple(sheets)


def _rows_of(read: CalamineSheet, limits: Limits) -> Sequence[Sequence[Cell]]:
    limits.check(read.name, rows=read.total_height, columns=read.total_width)
    return read.to_python(skip_empty_area=False)


def _merges_of(read: CalamineSheet) -> tuple[Merge, ...]:
    ranges = read.merged_cell_ranges or []
    return tuple(
        Merge(top + 1, left + 1, bottom + 1, right + 1)
        for (top, left), (bottom, right) in sorted(ranges)
    )
