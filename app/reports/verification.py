"""Checks everything that must hold, from the books to the policy and the stored bytes."""

from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import Result, select, text
from sqlmodel import Session, col

from app.applications.models import Application, Submission
from app.core import crypto, db
from app.core.actor import SYSTEM
from app.core.crypto import CiphertextBroken
from app.core.money import show_yuan
from app.documents import pieces
from app.documents import service as documents
from app.documents.models import Document
from app.ledger.verification import Finding
from app.ledger.verification import verify as verify_books
from app.policy.catalogue import Version, version_from_body
from app.policy.engine import assess
from app.policy.errors import FactsInvalid
from app.policy.facts import Words
from app.policy.frames import frame_of
from app.policy.models import PolicyVersion
from app.reconciliation.queries import invariants
from app.reports.book_differences import BOOKS_AND_PAYOUTS, IN_FEN
from app.reports.invariants import INVARIANTS, Invariant

CASES_AT_ONCE = 20_000
Check = Callable[[Session], Iterable[Finding]]
Outcome = tuple[bool | None, int | None, list[str], list[str]]
_UNREADABLE: Outcome = (None, None, ["facts"], [])


def verify(session: Session) -> list[Finding]:
    """Everything that does not hold, empty when all is sound; enters the city's scope.

    The books against their transfers, the records against one another, each policy version's
    digest, each case's outcome recomputed, each document's digest. A fixed number of statements;
    cases and documents are streamed.
    """
    db.enter(session, SYSTEM)
    return [finding for check in CHECKS for finding in check(session)]


def _books_and_payouts(session: Session) -> Iterator[Finding]:
    for each in invariants(session):
        code = each.what.replace("_", "-") + "-off"
        words = BOOKS_AND_PAYOUTS[each.what]
        figures = (each.found, each.expected)
        yield _finding(code, each.of, words, figures, money=each.what in IN_FEN)


def _holds(invariant: Invariant) -> Check:
    words = Words(invariant.zh, invariant.en)

    def check(session: Session) -> Iterator[Finding]:
        for where, *figures in session.execute(text(invariant.sql)):
            yield _finding(invariant.code, where, words, figures, money=invariant.money)

    return check


def _finding(
    code: str, where: str, words: Words, figures: Sequence[Any], *, money: bool
) -> Finding:
    has, needs = (show_yuan(each) if money else str(each) for each in figures)
    said = {"where": where, "has": has, "needs": needs}
    return Finding(code, where, words.zh.format(**said), words.en.format(**said))


def _policy(session: Session) -> Iterator[Finding]:
    """Versions whose body is not the one whose digest is recorded."""
    for version in _versions(session):
        found, recorded = crypto.fingerprint(version.body.encode()), bytes(version.sha256)
        if found == recorded:
            continue
        where = f"{version.programme} {version.effective_from or 'start'}"
        where = f"{where} revision {version.revision}"
        yield Finding(
            "policy-digest-off",
            where,
            f"政策版本 {where} 的正文摘要为 {found.hex()}，登记为 {recorded.hex()}；"
            "正文被改动，请从备份恢复。",
            f"The body of policy version {where} has the digest {found.hex()}; "
            f"{recorded.hex()} is recorded. It was altered: restore it from a backup.",
        )


def _versions(session: Session) -> Sequence[Any]:
    table = PolicyVersion
    return session.execute(
        select(
            col(table.id),
            col(table.programme),
            col(table.effective_from),
            col(table.revision),
            col(table.body),
            col(table.sha256),
        ).order_by(col(table.programme), col(table.effective_from), col(table.revision))
    ).all()


def _outcomes(session: Session) -> Iterator[Finding]:
    """Cases whose stored outcome is not what their facts give under their version.

    A version whose body was altered judges nobody: that it was is a finding of its own.
    """
    sound = {
        version.id: version_from_body(version.body.encode())
        for version in _versions(session)
        if crypto.fingerprint(version.body.encode()) == bytes(version.sha256)
    }
    for rows in _submissions(session, sound).partitions():
        by_version: dict[UUID, list[Any]] = {}
        for row in rows:
            by_version.setdefault(row.policy_version_id, []).append(row)
        for key, cases in by_version.items():
            yield from _compare(cases, _recomputed(cases, sound[key]))


def _submissions(session: Session, versions: Collection[UUID]) -> Result[*tuple[Any, ...]]:
    table = Submission
    stored: Result[*tuple[Any, ...]] = session.execute(
        select(
            col(table.policy_version_id),
            col(Application.number),
            col(table.submission_no),
            col(table.facts),
            col(table.eligible),
            col(table.amount_fen),
            col(table.failed),
            col(table.missing),
        )
        .join(Application, col(Application.id) == table.application_id)
        .where(col(table.policy_version_id).in_(versions))
        .execution_options(yield_per=CASES_AT_ONCE)
    )
    return stored


def _recomputed(cases: Sequence[Any], version: Version) -> list[Outcome]:
    """The outcomes of the cases in one frame; unreadable facts are narrowed down by halves."""
    facts = [{name: seen.get("value") for name, seen in case.facts.items()} for case in cases]
    try:
        frame = assess(frame_of(facts), version)
    except FactsInvalid:
        if len(cases) == 1:
            return [_UNREADABLE]
        half = len(cases) // 2
        return _recomputed(cases[:half], version) + _recomputed(cases[half:], version)
    return frame.select("eligible", "amount_fen", "failed", "unknown").rows()


def _compare(cases: Sequence[Any], recomputed: Sequence[Outcome]) -> Iterator[Finding]:
    for case, outcome in zip(cases, recomputed, strict=True):
        stored = (case.eligible, case.amount_fen, case.failed, case.missing)
        if _plain(stored) == _plain(outcome):
            continue
        where = f"{case.number} submission {case.submission_no}"
        has, needs = _words(stored), _words(outcome)
        yield Finding(
            "outcome-off",
            where,
            f"申请 {where} 记载的结果为 {has}，按其事实重算为 {needs}。",
            f"Application {where} is recorded as {has}; its facts give {needs}.",
        )


def _plain(outcome: Outcome) -> tuple[object, ...]:
    eligible, amount_fen, failed, missing = outcome
    return eligible, amount_fen, sorted(failed), sorted(missing)


def _words(outcome: Outcome) -> str:
    eligible, amount_fen, failed, missing = outcome
    came = {True: "eligible", False: "ineligible", None: "unknown"}[eligible]
    amount = "" if amount_fen is None else f" {show_yuan(amount_fen)}"
    return " ".join([f"{came}{amount}", *(f"-{name}" for name in (*failed, *missing))])


def _documents(session: Session) -> Iterator[Finding]:
    """Stored files whose bytes are not those that were stored; one at a time, or a piece of it."""
    stored = session.execute(
        select(col(Document.id), col(Document.sha256), col(Document.body)).execution_options(
            yield_per=1
        )
    )
    for key, sha256, body in stored:
        try:
            if body:
                data = crypto.decrypt_bytes(body, table="document", column="body", record=key)
                found = crypto.fingerprint(data).hex()
            else:
                found = pieces.measured(documents.open_file(session, key))[1].hex()
        except CiphertextBroken:
            found = "unreadable"
        if found == bytes(sha256).hex():
            continue
        yield Finding(
            "document-digest-off",
            str(key),
            f"文件 {key} 的摘要为 {found}，登记为 {bytes(sha256).hex()}；请从备份恢复。",
            f"Document {key} has the digest {found}; {bytes(sha256).hex()} is recorded. "
            "Restore it from a backup.",
        )


CHECKS: tuple[Check, ...] = (
    verify_books,
    _books_and_payouts,
    *(_holds(invariant) for invariant in INVARIANTS),
    _policy,
    _outcomes,
    _documents,
)
"""Everything that is checked, one statement or one stream each."""
