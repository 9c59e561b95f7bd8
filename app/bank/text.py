"""A bank's text file as lines: decoded by its format, or refused with the byte that is wrong."""

from app.bank.errors import ReturnFileEncoding, ReturnFileTooLarge
from app.bank.layout import RowFormat, TextFormat
from app.core.errors import Fault

BYTES_MAX = 64 * 2**20
_UTF8_SIGNATURE = b"\xef\xbb\xbf"
_ASCII_LAST = 0x7F


def check_size(data: bytes) -> None:
    """Raises ReturnFileTooLarge, before anything is read."""
    if len(data) > BYTES_MAX:
        raise ReturnFileTooLarge(
            "回盘文件超过 64 MiB，未读取。请确认是否选错文件。",
            "The return file is over 64 MiB and was not read. Check that it is the right file.",
        )


def text_of(fmt: TextFormat, data: bytes) -> str:
    """The whole text. Raises ReturnFileEncoding with the first byte that is none."""
    if (nul := data.find(b"\0")) >= 0:
        raise encoding_refusal(fmt, data, nul)
    # A signature says outright that the text is UTF-8, whatever the bank usually writes.
    encoding = "utf-8" if data.startswith(_UTF8_SIGNATURE) else fmt.encoding
    try:
        return data.decode(encoding).removeprefix("\ufeff")
    except UnicodeDecodeError as error:
        raise encoding_refusal(fmt, data, error.start) from error


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
