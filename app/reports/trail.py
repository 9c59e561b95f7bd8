"""The whole chain around one thing: from the appropriation to the bank's word, and the clause."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any
from uuid import UUID

from sqlmodel import Session

from app.awards.models import InstalmentState
from app.core import crypto, db
from app.core.actor import Actor
from app.core.identity import mask_account, mask_id
from app.core.paging import PageAsked, page_of
from app.ledger.models import TransferKind
from app.ledger.queries import balances
from app.policy.errors import FactsInvalid
from app.policy.explanation import Explanation, explain
from app.policy.queries import LoadedVersion, version_by_id
from app.policy.schemas import explanation_out
from app.reports import trail_queries as levels
from app.reports.subjects import ThingKind, allocations_of, cases_of, find, fund_lines_of
from app.reports.trail_members import allocations as of_allocations
from app.reports.trail_members import members as members_of
from app.reports.trail_queries import Rows
from app.reports.trail_schemas import TrailOut
from app.reports.trail_sums import sums as sums_of

CASES_MAX = 50  # each comes with its whole chain
ACCOUNT_HIDDEN = "*" * 12  # the length of an account is not shown either

Grouped = Mapping[Any, Rows]


def trail(session: Session, asked: str, *, by: Actor, page: PageAsked) -> TrailOut:
    """The thing with this id or number, its sums and budget, and a page of its cases in full.

    A student's sums leave out the schools' allocations that count the student: those are shown
    with the student's own amount.

    One statement a level, however many cases. Raises TrailNotFound.
    """
    page = replace(page, limit=min(page.limit, CASES_MAX))
    thing = find(session, asked, by=by)
    cases, allocations = cases_of(thing, by=by), allocations_of(thing, by=by)
    student = thing.id if thing.kind is ThingKind.STUDENT else None
    sums = sums_of(session, cases, allocations, of_schools=student is None)
    members = page_of(
        members_of(session, cases, allocations, page),
        page,
        key=lambda row: row["id"],
        show=lambda row: row,
    )
    found = levels.applications(session, _of_kind(members.items, "case"))
    paid_to_schools = of_allocations(session, _of_kind(members.items, "allocation"), student)
    below = _below(session, _ids(found), _ids(paid_to_schools), by=by)
    lines = {share["fund_line_id"] for share in below.shares}
    budget = _budget(session, levels.fund_lines(session, [*lines], fund_lines_of(thing), by=by))
    moved = levels.transfers(session, [*below.instalment_ids, *budget.appropriation_ids])
    by_thing = _grouped(moved, "refers_to")
    shown = [_case(row, below, by_thing) for row in found]
    of_schools = [_allocation(row, below, by_thing) for row in paid_to_schools]
    return TrailOut.model_validate(
        {
            "asked": asked,
            "thing": {**vars(thing), "amount": thing.amount_fen},
            "case_count": sums.pop("cases"),
            "allocation_count": sums.pop("allocations"),
            "sums": sums,
            "agrees": _agree(sums) and all(each["agrees"] for each in (*shown, *of_schools)),
            "appropriations": budget.appropriations,
            "appropriation_transfers": [
                each for key in budget.appropriation_ids for each in by_thing[key]
            ],
            "fund_lines": budget.fund_lines,
            "cases": shown,
            "allocations": of_schools,
            "next": members.next,
        }
    )


@dataclass(frozen=True)
class _Below:
    """The levels below a page of cases and allocations, each grouped by the level above."""

    submissions: Grouped
    versions: Mapping[UUID, LoadedVersion]
    decisions: Grouped
    reviews: Grouped
    awards: Grouped
    instalments: Grouped
    instalment_ids: Sequence[UUID]
    shares: Rows
    shares_of: Grouped
    payouts: Grouped


def _below(
    session: Session, keys: Sequence[UUID], allocations: Sequence[UUID], *, by: Actor
) -> _Below:
    submissions = levels.submissions(session, keys)
    awards = levels.awards(session, [*keys, *allocations])
    instalments = levels.instalments(session, _ids(awards))
    shares = levels.shares(session, _ids(instalments))
    return _Below(
        submissions=_grouped(submissions, "application_id"),
        versions=version_by_id(session, {row["policy_version_id"] for row in submissions}),
        decisions=_grouped(levels.decisions(session, keys), "application_id"),
        reviews=_grouped(levels.reviews(session, keys), "application_id"),
        awards=_grouped(awards, "case_id"),
        instalments=_grouped(instalments, "award_id"),
        instalment_ids=_ids(instalments),
        shares=shares,
        shares_of=_grouped(shares, "instalment_id"),
        payouts=_payouts(session, _ids(instalments), by=by),
    )


def _payouts(session: Session, instalments: Sequence[UUID], *, by: Actor) -> Grouped:
    """Whole payouts by instalment: one that pays several stands under each of them."""
    with db.city_scope(session, by):
        payouts = levels.payouts(session, instalments, by=by)
        answered = _grouped(levels.return_lines(session, _ids(payouts)), "payout_id")
    parts = levels.parts(session, _ids(payouts))
    parts_of = _grouped(parts, "payout_id")
    signed = _grouped(levels.signed_registers(session, _ids(payouts)), "payout_id")
    findings = _grouped(levels.findings(session, _ids(payouts)), "payout_id")
    whole = {
        row["id"]: {
            **row,
            "account": _masked_account(row["number_tail"]),
            "file_line": _file_line(row),
            "register_line": _register_line(row),
            "signed_registers": signed[row["id"]],
            "parts": parts_of[row["id"]],
            "findings": [each["finding"] for each in findings[row["id"]]],
            "return_lines": answered[row["id"]],
        }
        for row in payouts
    }
    held: defaultdict[Any, Rows] = defaultdict(list)
    for part in parts:
        held[part["instalment_id"]].append(whole[part["payout_id"]])
    return held


def _masked_account(tail: str | None) -> str | None:
    return None if tail is None else mask_account(ACCOUNT_HIDDEN + tail)


def _file_line(payout: Mapping[str, Any]) -> dict[str, Any] | None:
    if payout["file_id"] is None:
        return None
    return {
        "file_id": payout["file_id"],
        "number": payout["file_number"],
        "part": payout["part"],
        "line_no": payout["file_line"],
    }


def _register_line(payout: Mapping[str, Any]) -> dict[str, Any] | None:
    if payout["register_id"] is None:
        return None
    return {
        "register_id": payout["register_id"],
        "number": payout["register_number"],
        "line_no": payout["register_line"],
    }


@dataclass(frozen=True)
class _Budget:
    fund_lines: Rows
    appropriations: Rows

    @property
    def appropriation_ids(self) -> Sequence[UUID]:
        return _ids(self.appropriations)


def _budget(session: Session, fund_lines: Rows) -> _Budget:
    stand = balances(session, [line["code"] for line in fund_lines])
    return _Budget(
        fund_lines=[
            {**line, "balances": {k.value: fen for k, fen in stand.get(line["code"], {}).items()}}
            for line in fund_lines
        ],
        appropriations=levels.appropriations(session, _ids(fund_lines)),
    )


def _case(row: dict[str, Any], below: _Below, moved: Grouped) -> dict[str, Any]:
    submissions = below.submissions[row["id"]]
    explained = _explained(row, submissions[-1], below.versions) if submissions else None
    paid = _paid(row["id"], below, moved)
    outcome_agrees = bool(submissions) and _outcome_agrees(submissions[-1], explained)
    return {
        **row,
        "resident_id": _masked_id(row["sealed_id"], row["student_id"]),
        "submissions": [{**each, "facts": _facts(each["facts"])} for each in submissions],
        "explanation": None if explained is None else explanation_out(explained),
        "decisions": below.decisions[row["id"]],
        "reviews": below.reviews[row["id"]],
        **paid,
        "outcome_agrees": outcome_agrees,
        "agrees": outcome_agrees and _agree(paid["sums"]),
    }


def _allocation(row: dict[str, Any], below: _Below, moved: Grouped) -> dict[str, Any]:
    paid = _paid(row["id"], below, moved)
    return {**row, **paid, "agrees": _agree(paid["sums"])}


def _paid(case: UUID, below: _Below, moved: Grouped) -> dict[str, Any]:
    """The award of a case or allocation with its instalments, payouts, transfers, and the sums."""
    award = next(iter(below.awards[case]), None)
    instalments = below.instalments[award["id"]] if award else []
    payouts = {payout["id"]: payout for each in instalments for payout in below.payouts[each["id"]]}
    shares = {each["id"]: below.shares_of[each["id"]] for each in instalments}
    transfers = [move for each in instalments for move in moved[each["id"]]]
    counted = [each for each in instalments if not each["replaced"]]
    return {
        "award": award
        and {
            **award,
            "instalments": [{**each, "shares": shares[each["id"]]} for each in instalments],
        },
        "payouts": [payouts[key] for key in sorted(payouts)],
        "transfers": sorted(transfers, key=lambda move: int(move["id"])),
        "sums": _sums_of(award, counted, shares, transfers),
    }


def _explained(
    case: Mapping[str, Any],
    submission: Mapping[str, Any],
    versions: Mapping[UUID, LoadedVersion],
) -> Explanation | None:
    loaded = versions.get(submission["policy_version_id"])
    if loaded is None:
        return None
    try:
        return explain(loaded.programme, loaded.version, case["period"], submission["facts"])
    except FactsInvalid:
        return None  # altered behind the service's back: shown as it stands, and not agreeing


def _outcome_agrees(submission: Mapping[str, Any], explained: Explanation | None) -> bool:
    if explained is None:
        return False
    amount_fen = None if explained.amount is None else explained.amount.amount_fen
    stored = (submission["eligible"], submission["amount"], sorted(submission["failed"]))
    return stored == (explained.eligible, amount_fen, sorted(explained.failed))


def _masked_id(sealed: bytes | None, student: UUID) -> str | None:
    if sealed is None:
        return None
    return mask_id(crypto.decrypt(sealed, table="student", column="resident_id", record=student))


def _facts(stored: Mapping[str, Mapping[str, Any]]) -> Rows:
    return [
        {
            "fact": name,
            "value": seen.get("value"),
            "source": seen.get("source"),
            "as_of": seen.get("as_of"),
        }
        for name, seen in stored.items()
    ]


def _sums_of(
    award: Mapping[str, Any] | None, instalments: Rows, shares: Grouped, transfers: Rows
) -> dict[str, int]:
    paid = [each for each in instalments if each["state"] == InstalmentState.PAID]
    signs = {TransferKind.PAY: 1, TransferKind.RETURN: -1}
    added = _total([each for each in instalments if each["supplement"]])
    return {
        "awards": award["amount"] + added if award else 0,
        "instalments": _total(instalments),
        "shares": sum(_total(shares[each["id"]]) for each in instalments),
        "paid_shares": sum(_total(shares[each["id"]]) for each in paid),
        "paid_transfers": sum(signs.get(m["kind"], 0) * m["amount"] for m in transfers),
    }


def _agree(sums: Mapping[str, int]) -> bool:
    promised = {sums["awards"], sums["instalments"], sums["shares"]}
    return len(promised) == 1 and sums["paid_shares"] == sums["paid_transfers"]


def _total(rows: Rows) -> int:
    return sum(int(row["amount"]) for row in rows)


def _of_kind(members: Rows, kind: str) -> list[UUID]:
    return [row["id"] for row in members if row["kind"] == kind]


def _ids(rows: Rows) -> list[UUID]:
    return [row["id"] for row in rows]


def _grouped(rows: Rows, key: str) -> Grouped:
    groups: defaultdict[Any, Rows] = defaultdict(list)
    for row in rows:
        groups[row[key]].append(row)
    return groups
