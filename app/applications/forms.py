"""Forms and batches on their way to intake: into a frame, checked, taken in, answered."""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

import polars as pl
from sqlmodel import Session

from app.applications import checks, intake, queries
from app.applications.errors import AlreadyApplied, CaseRefused, CasesMoved, CaseWrong
from app.applications.models import ApplicationRound, ApplicationState
from app.applications.outcomes import REFUSALS
from app.applications.rounds import require_open
from app.applications.rules import HANDED_IN_AGAIN
from app.applications.schemas import ApplicationIn, CaseIn, FaultOut, ResultOut, result_out
from app.core.actor import Actor, Scope
from app.core.errors import AidError, Fault
from app.policy.calendar import normalise_period
from app.policy.queries import programme
from app.policy.schemas import WordsOut
from app.registry.intake import INTAKE_SCHEMA
from app.registry.queries import schools_in_scope

PLACES = {
    "school_id": "/school_code",
    "name": "/student/name",
    "sex": "/student/sex",
    "resident_id": "/student/resident_id",
    "register_no": "/student/register_no",
    "guardian_name": "/student/guardian_name",
    "guardian_resident_id": "/student/guardian_resident_id",
    "grade": "/enrolment/grade",
    "class_name": "/enrolment/class_name",
    "hukou": "/household/hukou",
    "household_size": "/household/household_size",
    "income_per_head_fen": "/household/income_per_head",
    "tuition_fen": "/study/tuition",
    "accommodation_fen": "/study/accommodation",
    "tier": "/study/tier",
    "merit_rank": "/study/merit_rank",
    "account_kind": "/account/kind",
    "account_number": "/account/number",
    "bank_name": "/account/bank_name",
    "holder": "/account/holder",
    "holder_name": "/account/holder_name",
    "relation": "/account/relation",
    "reason": "/account/reason",
}
"""Where a column of the intake frame stands in the form; others stand at `/column`."""

NO_SCHOOL = "school not known"
_WRONG: dict[str, Any] = {
    "application_id": None,
    "number": None,
    "amount_fen": None,
    "failed": [],
    "missing": [],
}


def round_for(session: Session, programme_code: str, period: str) -> ApplicationRound:
    """The round of a programme for a period as people write it.

    Raises ProgrammeNotFound, PeriodInvalid, RoundUnknown.
    """
    wanted = programme(programme_code)
    return queries.round_of(session, wanted.code, normalise_period(wanted, period))


def submit(
    session: Session, sent: Sequence[CaseIn], *, round_: ApplicationRound, by: Actor
) -> list[ResultOut]:
    """Takes the cases in; answers one result each, in order. A refused case stores nothing.

    Raises RoundClosed or RoundNotOpenYet.
    """
    frame, wrong = _checked(session, sent, by)
    if frame.height == 0:
        require_open(session, round_, _own_school(by))
        return [_faulty(index, wrong[index]) for index in range(len(sent))]
    good = frame.filter(~pl.col("row").is_in(list(wrong)))
    taken = intake.take_in(session, good, round_=round_, by=by)
    rows = {row["row"]: row for row in taken.iter_rows(named=True)}
    return [
        _faulty(index, wrong[index])
        if index in wrong
        else result_out(index, rows[index], refusals(rows[index]))
        for index in range(len(sent))
    ]


def submit_each(
    session: Session, sent: Sequence[ApplicationIn], *, by: Actor
) -> list[ResultOut | AidError]:
    """Takes applications for one programme and period in; answers each its result or its refusal.

    Each is a request of its own: AlreadyApplied, CaseRefused, or CaseWrong with every fault is
    answered to that one, and the caller undoes what was stored. Raises ProgrammeNotFound,
    PeriodInvalid, RoundUnknown, RoundClosed, RoundNotOpenYet.
    """
    round_ = round_for(session, sent[0].programme, sent[0].period)
    results = submit(session, sent, round_=round_, by=by)
    return [_alone(result.model_copy(update={"index": 0})) for result in results]


def _alone(result: ResultOut) -> ResultOut | AidError:
    try:
        return _stored_or_refused(result)
    except AidError as refusal:
        return refusal


def submit_again(session: Session, application_id: UUID, sent: CaseIn, *, by: Actor) -> ResultOut:
    """Hands a draft or a returned case in again with what the form says now; its number stays.

    A returned case may come back after the round has closed. Raises CaseUnknown, CasesMoved when
    it is neither draft nor returned, CaseWrong, CaseRefused when the form is another student's.
    """
    found = queries.case(session, by, application_id)
    before = found.case
    if before.state not in HANDED_IN_AGAIN:
        raise CasesMoved(
            f"申请 {before.number} 现为 {before.state.value}，"
            "只有草稿或退回修改的申请可以再次提交。",
            f"Application {before.number} is {before.state.value}; only a draft or a returned one "
            "can be handed in again.",
            facts={"number": before.number, "state": before.state.value},
        )
    round_ = queries.round_by_id(session, before.round_id)
    if before.state is ApplicationState.DRAFT:
        require_open(session, round_, [before.school_id])
    if sent.school_code is None:
        sent = sent.model_copy(update={"school_code": found.school_code})
    frame, wrong = _checked(session, [sent], by)
    if wrong:
        return _stored_or_refused(_faulty(0, wrong[0]))
    row = intake.take_in(session, frame, round_=round_, by=by, again=True).row(0, named=True)
    if row["application_id"] is not None and row["application_id"] != str(application_id):
        raise CaseRefused(
            f"表中的学生不是申请 {before.number} 的学生；请核对姓名和证件号码，未保存任何内容。",
            f"The form is not of the student of {before.number}; check name and id. Nothing was "
            "saved.",
            facts={"number": before.number, "kinds": ["other_student"]},
        )
    return _stored_or_refused(result_out(0, row, refusals(row)))


def _checked(
    session: Session, sent: Sequence[CaseIn], by: Actor
) -> tuple[pl.DataFrame, dict[int, list[FaultOut]]]:
    """The frame of the cases whose school is known, and every case's faults by index."""
    schools = schools_in_scope(session, by)
    codes = dict(zip(schools["code"], schools["id"], strict=True))
    own = str(by.school_id) if by.scope is Scope.SCHOOL else None
    rows = [_row(index, case, codes, own) for index, case in enumerate(sent)]
    frame = checks.at_schools(pl.DataFrame(rows, schema=INTAKE_SCHEMA), schools)
    wrong: dict[int, list[FaultOut]] = {}
    for row, code, column, zh, en in checks.check(frame).iter_rows():
        place = PLACES.get(column, f"/{column}")
        fault = FaultOut(code=code, where=place, detail=WordsOut(zh=zh, en=en))
        wrong.setdefault(row, []).append(fault)
    return frame.filter(pl.col("county_id").is_not_null()), wrong


def _row(index: int, case: CaseIn, codes: Mapping[str, str], own: str | None) -> dict[str, object]:
    school = own if case.school_code is None else codes.get(case.school_code)
    account = case.account
    return {
        "row": index,
        "school_id": school or NO_SCHOOL,
        **case.student.model_dump(),
        **case.enrolment.model_dump(),
        "hukou": case.household.hukou,
        "household_size": case.household.household_size,
        "income_per_head_fen": case.household.income_per_head,
        "owns_car": case.household.owns_car,
        "bought_house": case.household.bought_house,
        "special_group": case.special_group,
        "hardship": case.hardship,
        **case.study.model_dump(exclude={"tuition", "accommodation"}),
        "tuition_fen": case.study.tuition,
        "accommodation_fen": case.study.accommodation,
        "account_kind": account and account.kind,
        "account_number": account and account.number,
        "bank_name": account and account.bank_name,
        "holder": account and account.holder,
        "holder_name": account and account.holder_name,
        "relation": account and account.relation,
        "reason": account and account.reason,
    }


def _own_school(by: Actor) -> list[UUID]:
    return [] if by.school_id is None else [by.school_id]


def _faulty(index: int, faults: list[FaultOut]) -> ResultOut:
    kinds = list(dict.fromkeys(fault.code for fault in faults))
    row = _WRONG | {"outcome": "error", "kinds": kinds, "detail": "+".join(kinds)}
    return result_out(index, row, faults)


def refusals(row: dict[str, Any]) -> list[FaultOut]:
    """Why intake refused a row, in words; empty where it did not."""
    return [
        FaultOut(code=kind, where="", detail=WordsOut(zh=REFUSALS[kind].zh, en=REFUSALS[kind].en))
        for kind in row["kinds"]
    ]


def _stored_or_refused(result: ResultOut) -> ResultOut:
    """The result where a case stands in the books; else the refusal, which undoes the rest."""
    if result.outcome == "already_applied" and result.application_id is None and result.number:
        raise AlreadyApplied(
            f"该学生转入前，原学校已为其申请（{result.number}），同一项目同一学期不能重复享受；"
            "由谁继续发放见转学记录。",
            f"The old school applied for the student before the transfer ({result.number}); nobody "
            "has one programme twice for a period. The transfer says who pays the rest.",
            facts={"number": result.number},
        )
    if result.outcome == "already_applied":
        raise AlreadyApplied(
            f"该学生本项目本学期已有申请（{result.detail}），内容不同；如需更改，请先撤回或等退回修改。",
            f"The student has an application already ({result.detail}) with other facts; to "
            "change it, withdraw it first or have it returned.",
            facts={"number": result.number, "application_id": _text(result.application_id)},
        )
    if result.outcome != "error":
        return result
    faults = [Fault(each.code, each.detail.zh, each.detail.en, each.where)
              for each in result.errors]  # fmt: skip
    if set(result.kinds) & set(REFUSALS) - {"school_unknown", "id_duplicate"}:
        raise CaseRefused(
            faults[0].zh + "。", faults[0].en + ".", faults=faults, facts={"kinds": result.kinds}
        )
    raise CaseWrong(
        f"申请有 {len(faults)} 处错误，逐项列在 errors 中；未保存任何内容。",
        f"{len(faults)} field(s) of the application are wrong, each listed in errors; nothing was "
        "saved.",
        faults=faults,
    )


def _text(key: UUID | None) -> str | None:
    return None if key is None else str(key)
