"""A bank's text file as lines: decoded by its format, or refused with the byte that is wrong.

A file has up to a million lines. They are found once and decoded as they are asked for; together
as texts they would take several times the file.
"""

from array import array
from collections.abc import Iterator

from app.bank.errors import ReturnFileEncoding, ReturnFileTooLarge
from app.bank.layout import RowFormat, TextFormat
from app.core.errors import Fault

BYTES_MAX = 64 * 2**20
_UTF8_SIGNATURE = b"\xef\xbb\xbf"
_ASCII_LAST = 0x7F
_SIGNATURE = "\ufeff"
_LINES_AT_ONCE = 10_000


def check_size(data: bytes) -> None:
    """Raises ReturnFileTooLarge, before anything is read."""
    if len(data) > BYTES_MAX:
        raise ReturnFileTooLarge(
            "回盘文件超过 64 MiB，未读取。请确认是否选错文件。",
            "The return file is over 64 MiB and was not read. Check that it is the right file.",
        )


class ByteLines:
    """The lines of a file, whichever of the two line ends it has.

    A line end is never part of a character, in GB18030 neither.
    """

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._ends = array("Q", _line_ends(data))

    def __len__(self) -> int:
        return len(self._ends)

    def __getitem__(self, place: int) -> bytes:
        begin, end = self.start_of(place), self._ends[place]
        # What follows the last line end is no line with an end of its own.
        whole = end < len(self._data) and self._data[end - 1 : end] == b"\r" and end > begin
        return self._data[begin : end - 1 if whole else end]

    def start_of(self, place: int) -> int:
        """Where a line begins in the file."""
        return self._ends[place - 1] + 1 if place else 0


class TextLines:
    """The lines of a file as texts."""

    def __init__(self, lines: ByteLines, encoding: str) -> None:
        self._lines, self._encoding = lines, encoding

    def __len__(self) -> int:
        return len(self._lines)

    def __getitem__(self, place: int) -> str:
        text = self._lines[place].decode(self._encoding)
        return text if place else text.removeprefix(_SIGNATURE)


def text_lines(fmt: TextFormat, data: bytes) -> TextLines:
    """The lines, all of them text. Raises ReturnFileEncoding with the first byte that is none."""
    if (nul := data.find(b"\0")) >= 0:
        raise encoding_refusal(fmt, data, nul)
    # A signature says outright that the text is UTF-8, whatever the bank usually writes.
    encoding = "utf-8" if data.startswith(_UTF8_SIGNATURE) else fmt.encoding
    lines = ByteLines(data)
    for place in range(0, len(lines), _LINES_AT_ONCE):
        begin, after = lines.start_of(place), place + _LINES_AT_ONCE
        end = lines.start_of(after) if after < len(lines) else len(data)
        try:
            data[begin:end].decode(encoding)
        except UnicodeDecodeError as error:
            raise encoding_refusal(fmt, data, begin + error.start) from error
    return TextLines(lines, encoding)


def refuse_misread(fmt: RowFormat, data: bytes, *, any_word_known: bool) -> None:
    """Raises ReturnFileEncoding where a file's words are the bank's once it is read as UTF-8.

    UTF-8 bytes often pass for GB18030 and come out as other characters: then no word is known.
    """
    if fmt.kind == "sheet" or fmt.encoding == "utf-8" or any_word_known:
        return
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError:
        return
    if any(word in text for word in fmt.returned.results_by_text if not word.isascii()):
        odd = next(place for place, byte in enumerate(data) if byte > _ASCII_LAST)
        raise encoding_refusal(fmt, data, odd)


def _line_ends(data: bytes) -> Iterator[int]:
    end = data.find(b"\n")
    while end >= 0:
        yield end
        end = data.find(b"\n", end + 1)
    yield len(data)


def encoding_refusal(fmt: RowFormat, data: bytes, offset: int) -> ReturnFileEncoding:
    """The refusal that names the byte."""
    line = data.count(b"\n", 0, offset) + 1
    return ReturnFileEncoding(
        f"回盘文件不是 {fmt.encoding} 文本，整份未接收。请银行按约定编码重发。",
        f"The return file is not {fmt.encoding} text, so nothing of it was taken. "
        "Ask the bank for it in the agreed encoding.",
        faults=[
            Fault(
                "bad_byte",
                f"第 {line} 行，文件第 {offset} 字节（自 0 起）不是 {fmt.encoding} 文字",
                f"Line {line}: the byte at offset {offset} is no {fmt.encoding} text",
                f"line {line}",
                {"byte_offset": offset},
            )
        ],
    )
