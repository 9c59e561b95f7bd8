"""CSV from schools: UTF-8 with or without a mark, else GB18030; a record is a row."""

import codecs
import csv
import io
from collections.abc import Iterator
from typing import BinaryIO

from app.sheets.errors import SheetBroken, SheetEncoding, SheetTooLarge
from app.sheets.limits import Limits

_UTF8_MARK = b"\xef\xbb\xbf"
_UTF16_MARKS = (b"\xff\xfe", b"\xfe\xff")
_PIECE = 1024 * 1024
_DELIMITERS = ",\t;"
_CELL_MAX = 32_767  # what a cell of Excel holds, so that the sheet can be given back annotated


def read_delimited(data: bytes, limits: Limits) -> list[list[str]]:
    """Every record of a CSV; record 1 is row 1, blank lines are kept as rows.

    Raises what `stream_delimited` does.
    """
    return list(stream_delimited(io.BytesIO(data), limits))


def stream_delimited(file: BinaryIO, limits: Limits) -> Iterator[list[str]]:
    """The records of a CSV one by one: neither its bytes, nor text, nor rows are held whole.

    Raises SheetEncoding with the line and byte that fail, SheetBroken for unbalanced quotes,
    SheetTooLarge beyond the limits.
    """
    text = _text_of(file)
    start = text.tell()
    first = next((line for line in iter(text.readline, "") if line.strip()), "")
    text.seek(start)
    delimiter = max(_DELIMITERS, key=first.count)
    count = widest = 0
    reader = csv.reader(text, delimiter=delimiter, strict=True)
    try:
        for row in reader:
            count += 1
            widest = max(widest, len(row))
            if count > limits.max_rows or widest > limits.max_columns:
                limits.check("CSV", rows=count, columns=widest)
            if len("".join(row)) > _CELL_MAX and max(map(len, row)) > _CELL_MAX:
                raise SheetTooLarge(
                    f"第 {count} 行有单元格超过 {_CELL_MAX} 个字符；请检查引号是否成对",
                    f"Row {count} has a cell of more than {_CELL_MAX} characters; "
                    "check that its quotes are in pairs",
                )
            yield row
    except csv.Error as error:
        raise SheetBroken(
            f"第 {reader.line_num} 行的引号不成对或格式有误；请更正后上传",
            f"Line {reader.line_num} has unbalanced quotes or is malformed; correct it",
        ) from error
    limits.check("CSV", rows=count, columns=widest)


def _text_of(file: BinaryIO) -> io.TextIOWrapper:
    """The bytes as text to read from, once they are known to be text to the end."""
    file.seek(0)
    head = file.read(len(_UTF8_MARK))
    if head.startswith(_UTF16_MARKS):
        raise SheetEncoding(
            "文件是 UTF-16 编码；请另存为「CSV UTF-8」后上传",
            "The file is UTF-16; save it as “CSV UTF-8” and upload that",
        )
    marked = head == _UTF8_MARK
    encoding = "utf-8-sig" if marked else "utf-8"
    wrong = _first_wrong(file, encoding)
    if wrong is not None and not marked:
        encoding = "gb18030"
        wrong = _first_wrong(file, encoding)
    if wrong is not None:
        line, place = wrong
        raise SheetEncoding(
            f"第 {line} 行（第 {place + 1} 字节）不是有效的 UTF-8 或 GB18030 文字；"
            "请用表格软件另存为「CSV UTF-8」后上传",
            f"Line {line} (byte {place + 1}) is neither UTF-8 nor GB18030; "
            "save it as “CSV UTF-8” and upload that",
            facts={"line": line, "byte": place + 1},
        )
    file.seek(0)
    return io.TextIOWrapper(file, encoding, newline="")


def _first_wrong(file: BinaryIO, encoding: str) -> tuple[int, int] | None:
    """The line and place of the first byte that is no text; None where there is none."""
    file.seek(0)
    decoder = codecs.getincrementaldecoder(encoding)()
    lines = at = 0
    while True:
        piece = file.read(_PIECE)
        try:
            decoder.decode(piece, final=not piece)
        except UnicodeDecodeError as error:
            # The decoder looks at what was left over from the piece before and then at this one.
            left = len(error.object) - len(piece)
            place = at - left + error.start
            return lines + piece.count(b"\n", 0, max(0, error.start - left)) + 1, place
        if not piece:
            return None
        lines += piece.count(b"\n")
        at += len(piece)
