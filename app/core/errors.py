"""Errors are facts of five kinds; one renderer turns them into RFC 9457 problem documents."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import ClassVar


@dataclass(frozen=True)
class Fault:
    """One thing that is wrong with one field, row or record, in both languages."""

    code: str
    zh: str
    en: str
    where: str = ""  # a JSON pointer, "row 17", or a number of the office
    more: dict[str, object] = field(default_factory=dict)


class AidError(Exception):
    """A refusal. `zh` and `en` say what is so and what to do; `faults` names every failed part.

    `status` and `code` are set by the kind and the concrete class; `code` becomes the stable
    problem type and never changes once published. `facts` are extra members of the document.
    """

    status: ClassVar[int] = 500
    code: ClassVar[str] = "error"

    def __init__(
        self,
        zh: str,
        en: str,
        *,
        faults: Sequence[Fault] = (),
        facts: dict[str, object] | None = None,
        headers: dict[str, str] | None = None,
    ) -> None:
        super().__init__(en)
        self.zh = zh
        self.en = en
        self.faults = tuple(faults)
        self.facts = facts or {}
        self.headers = headers or {}


class NotFound(AidError):
    """No such record, or none within the caller's scope: the two cannot be told apart."""

    status = 404
    code = "not-found"


class Forbidden(AidError):
    """The caller is known and may not do this."""

    status = 403
    code = "forbidden"


class Conflict(AidError):
    """The request is sound but the state of the records does not allow it now."""

    status = 409
    code = "conflict"


class Invalid(AidError):
    """The request itself is wrong; repeating it cannot help."""

    status = 422
    code = "invalid"


class Unavailable(AidError):
    """Something the service needs is away for the moment; try again."""

    status = 503
    code = "unavailable"


_KEPT_FAULTS = 20


def kept(refused: AidError) -> dict[str, object]:
    """A refusal as a record keeps it, for whoever asks later; of its faults the first."""
    return {
        "code": refused.code,
        "zh": refused.zh,
        "en": refused.en,
        "facts": refused.facts,
        "faults": [
            {"code": fault.code, "where": fault.where, "zh": fault.zh, "en": fault.en}
            for fault in refused.faults[:_KEPT_FAULTS]
        ],
    }
