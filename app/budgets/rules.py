"""What an appropriation document says, and how a fund line is named."""

from dataclasses import dataclass
from datetime import date
from uuid import UUID

from app.budgets.models import AppropriationKind
from app.core.errors import Fault
from app.ledger.models import TransferKind

SOURCES: dict[str, tuple[str, str]] = {
    "central": ("中央资金", "central"),
    "province": ("省级资金", "province"),
    "city": ("市级资金", "city"),
    "county": ("县级资金", "county"),
    "local": ("地方资金", "local"),
    "donation": ("捐赠资金", "donated"),
}
"""Where budget money comes from, with its words."""

TRANSFERS: dict[AppropriationKind, TransferKind] = {
    AppropriationKind.ADVANCE: TransferKind.APPROPRIATE,
    AppropriationKind.THIS: TransferKind.APPROPRIATE,
    AppropriationKind.DIRECT: TransferKind.APPROPRIATE,
    AppropriationKind.RECALL: TransferKind.RECALL,
}


@dataclass(frozen=True)
class FundLineKey:
    """What makes a fund line: fiscal year × programme × source × holder."""

    fiscal_year: int
    programme: str
    source: str
    holder_id: UUID


@dataclass(frozen=True)
class DocumentLine:
    """One line of an appropriation document; the amount is in fen and above zero.

    The subjects are those of the document (功能科目, 经济科目), where it names them.
    """

    fiscal_year: int
    programme: str
    source: str
    holder_code: str
    amount_fen: int
    functional_subject: str | None = None
    economic_subject: str | None = None

    @property
    def code(self) -> str:
        """The code of the fund line it is for."""
        return f"{self.fiscal_year}/{self.programme}/{self.source}/{self.holder_code}"


@dataclass(frozen=True)
class AppropriationDocument:
    """A document of the finance office (指标文件): number, day, kind, lines, perhaps a scan."""

    number: str
    dated_on: date
    kind: AppropriationKind
    lines: tuple[DocumentLine, ...]
    scan_id: UUID | None = None


@dataclass(frozen=True)
class Known:
    """What the document's lines are checked against.

    Holder code → its organisation, programme codes, and the one holder the caller may appropriate
    for (None: any).
    """

    holders: dict[str, UUID]
    programmes: frozenset[str]
    only_holder: UUID | None


def line_words(
    fiscal_year: int, programme: tuple[str, str], source: str, holder: str
) -> tuple[str, str]:
    """A fund line in words, zh and en; the programme's name comes in both."""
    zh, en = SOURCES.get(source, (source, source))
    return (
        f"{fiscal_year}年{programme[0]}{zh}（{holder}）",
        f"{fiscal_year} {programme[1]}, {en} money held by {holder}",
    )


def check_lines(document: AppropriationDocument, known: Known) -> list[Fault]:
    """Every fault of every line; `where` is a JSON pointer into the document."""
    faults: list[Fault] = []
    seen: set[str] = set()
    for place, line in enumerate(document.lines):
        at = f"/lines/{place}"
        faults += _check_words(line, known, at)
        if line.code in seen:
            faults.append(
                Fault(
                    "line-repeated",
                    f"指标明细 {line.code} 在同一文件中出现两次，请合并为一行。",
                    f"Fund line {line.code} stands in the document twice; make it one line.",
                    at,
                )
            )
        seen.add(line.code)
    return faults


def _check_words(line: DocumentLine, known: Known, at: str) -> list[Fault]:
    faults: list[Fault] = []
    holder = known.holders.get(line.holder_code)
    if holder is None:
        faults.append(
            Fault(
                "holder-unknown",
                f"没有代码为 {line.holder_code} 的市级或县级资助中心，请核对。",
                f"No city or county centre has the code {line.holder_code}; check it.",
                f"{at}/holder_code",
            )
        )
    elif known.only_holder not in {None, holder}:
        faults.append(
            Fault(
                "holder-not-yours",
                f"{line.holder_code} 不是本县；县级财政只能下达本县指标。",
                f"{line.holder_code} is not your county; a county appropriates for itself only.",
                f"{at}/holder_code",
            )
        )
    if line.programme not in known.programmes:
        faults.append(
            Fault(
                "programme-unknown",
                f"没有资助项目 {line.programme}，请核对。",
                f"There is no programme {line.programme}; check it.",
                f"{at}/programme",
            )
        )
    if line.source not in SOURCES:
        allowed = ", ".join(SOURCES)
        faults.append(
            Fault(
                "source-unknown",
                f"没有资金来源 {line.source}；可用：{allowed}。",
                f"There is no source {line.source}; the sources are {allowed}.",
                f"{at}/source",
            )
        )
    return faults
