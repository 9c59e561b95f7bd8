"""Why a bank file is refused; nothing of a refused file is kept."""

from app.core.errors import Invalid, NotFound
from app.core.settings import SettingsWrong


class FormatsInvalidError(SettingsWrong):
    """A format file is wrong: the service does not start. `problems` names every file and key."""

    def __init__(self, problems: list[str]) -> None:
        super().__init__("bank formats are wrong:\n" + "\n".join(f"  {line}" for line in problems))
        self.problems = tuple(problems)


class FormatUnknown(NotFound):
    """No bank format has this code."""

    code = "bank-format-unknown"


class LinesUnfit(Invalid):
    """A payment file cannot be written as the bank wants it; every line's faults are listed."""

    code = "bank-lines-unfit"


class ReturnFileTooLarge(Invalid):
    """More bytes or lines than a return file may have."""

    code = "return-file-too-large"


class ReturnFileEmpty(Invalid):
    """The file has no line."""

    code = "return-file-empty"


class ReturnFileEncoding(Invalid):
    """The bytes are not text in the format's encoding."""

    code = "return-file-encoding"


class ReturnFileBroken(Invalid):
    """Some line is not as the format says; the whole file is refused with every such line."""

    code = "return-file-broken"


class BankRefusedFile(Invalid):
    """The bank has not taken the payment file: it says so of the whole file and of no line."""

    code = "bank-refused-file"

    def __init__(self, said: str, zh: str, en: str) -> None:
        super().__init__(
            f"银行未受理该代发文件（{said} {zh}），未登记任何明细。"
            "请先与银行核实是否已入账，再决定是否重送。",
            f"The bank has not taken the payment file ({said}: {en}), so nothing was recorded. Ask "
            "the bank whether anything was paid before sending it again.",
            facts={"file_code": said},
        )


class FileCodeUnknown(Invalid):
    """The bank's code for the whole file is none that the format lists; the file may be right."""

    code = "bank-file-code-unknown"

    def __init__(self, said: str) -> None:
        super().__init__(
            f"整份返回码「{said}」不在银行格式之内，未登记任何明细。请向银行问明含义，"
            "在格式文件中登记后再传同一文件。",
            f"The format does not list the code {said!r} for the whole file, so nothing of it was "
            "taken. Ask the bank what it means, add it to the format, and hand in the same file.",
            facts={"file_code": said},
        )


class ReturnFileOfAnother(Invalid):
    """A return file names another payment file than the one it is handed in for."""

    code = "return-file-of-another"

    def __init__(self, sent: str, said: str) -> None:
        super().__init__(
            f"回盘文件答复的是「{said}」，不是代发文件 {sent}，整份未接收。请选对代发文件后再传。",
            f"The return file answers {said!r}, not the payment file {sent}, so nothing of it was "
            "taken. Choose the payment file it answers and hand it in again.",
            facts={"payment_file": sent, "answers": said},
        )


class TotalsDiffer(Invalid):
    """A return file does not answer the payment file it is handed in for.

    Invalid and not Conflict: no state of our records would make this file fit that payment file,
    so repeating the call cannot help; another file must be sent.
    """

    code = "bank-totals-differ"


class StatementFormatUnknown(NotFound):
    """No statement format has this code."""

    code = "statement-format-unknown"


class StatementBroken(Invalid):
    """A statement is not as its format says; it is refused whole with all that is wrong."""

    code = "statement-broken"


class StatementUnbalanced(Invalid):
    """Opening balance and lines do not come to the closing balance."""

    code = "statement-unbalanced"


class StatementGap(Invalid):
    """A statement does not follow the last one of its account."""

    code = "statement-gap"
