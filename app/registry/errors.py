"""What the registry refuses."""

from collections.abc import Sequence
from datetime import date
from uuid import UUID

from app.core.errors import Conflict, Fault, Forbidden, Invalid, NotFound


class SchoolNotFound(NotFound):
    """No such school within the caller's scope."""

    code = "school.not-found"

    def __init__(self) -> None:
        super().__init__(
            "没有找到该学校，请核对编号。", "There is no such school; check the identifier."
        )


class SchoolsWrong(Invalid):
    """Some of the schools cannot be made; each is listed."""

    code = "school.wrong"

    def __init__(self, faults: Sequence[Fault]) -> None:
        super().__init__(
            f"有 {len(faults)} 处错误，逐项列出；未保存任何学校。",
            f"{len(faults)} thing(s) are wrong, each listed; no school was saved.",
            faults=faults,
        )


class SchoolsNotYours(Forbidden):
    """A county office keeps the schools that the own county runs."""

    code = "school.not-yours"

    def __init__(self, faults: Sequence[Fault]) -> None:
        super().__init__(
            "县级中心只能登记本县区举办的学校；市属学校由市中心登记。",
            "A county centre keeps the schools its own county runs; the city centre the others.",
            faults=faults,
        )


class StudentNotFound(NotFound):
    """No such student within the caller's sight."""

    code = "student.not-found"

    def __init__(self, missing: Sequence[UUID] = ()) -> None:
        super().__init__(
            "没有找到该学生，请核对编号；如在他校，请提出转入申请。",
            "There is no such student here; check the identifier, or ask for a transfer.",
            faults=missing_faults(missing),
        )


class StudentElsewhere(Conflict):
    """The person is registered at another school."""

    code = "student_elsewhere"

    def __init__(self) -> None:
        super().__init__(
            "该居民身份证号已登记在其他学校；如确已转入，请提出转入申请，由原学校或县区确认。",
            "This resident id is registered at another school; if the student has come to you, "
            "ask for a transfer, which the old school or its county confirms.",
        )


class StudentHere(Conflict):
    """The person is registered at this school already."""

    code = "student.here"

    def __init__(self, student_id: str) -> None:
        super().__init__(
            "该学生已在本校登记；要更正信息，请修改该记录。",
            "The student is registered here already; change that record instead.",
            facts={"student_id": student_id},
        )


class StudentWrong(Invalid):
    """Fields of a student, household or account do not hold; each is listed."""

    code = "student.wrong"

    def __init__(self, faults: Sequence[Fault]) -> None:
        super().__init__(
            f"有 {len(faults)} 处错误，逐项列出；未保存任何内容。",
            f"{len(faults)} thing(s) are wrong, each listed; nothing was saved.",
            faults=faults,
        )


class ResidentIdStands(Conflict):
    """A resident id that is recorded is not overwritten: it is corrected by two persons."""

    code = "student.resident-id-stands"

    def __init__(self) -> None:
        super().__init__(
            "该学生已有居民身份证号，不能直接改写；如确有错误，请提出证件号码更正，由资助中心核实。",
            "The student has a resident id already and it is not overwritten; if it is wrong, "
            "propose its correction, which an officer confirms.",
        )


class IdentityUnclear(Conflict):
    """Some students cannot be confirmed as they are; each is listed with what is missing."""

    code = "student.identity-unclear"

    def __init__(self, faults: Sequence[Fault]) -> None:
        super().__init__(
            f"有 {len(faults)} 处不符合身份确认的条件，逐项列出；未确认任何学生。",
            f"{len(faults)} thing(s) stand against it, each listed; nobody was confirmed.",
            faults=faults,
        )


class EnrolmentNotFound(NotFound):
    """No such enrolment within the caller's sight."""

    code = "enrolment.not-found"

    def __init__(self) -> None:
        super().__init__(
            "没有找到该在读记录，请核对编号。",
            "There is no such enrolment; check the identifier.",
        )


class EnrolmentOpen(Conflict):
    """The student is enrolled for that school year already."""

    code = "enrolment.open"

    def __init__(self, school_year: str) -> None:
        super().__init__(
            f"该学生 {school_year} 学年已有在读记录；要更正请修改该记录。",
            f"The student has an open enrolment for {school_year} already; change that one.",
        )


class EnrolmentClosed(Conflict):
    """A closed enrolment is history."""

    code = "enrolment.closed"

    def __init__(self) -> None:
        super().__init__(
            "该在读记录已结束，作为历史保留，不能修改。",
            "This enrolment is closed and kept as history; it is not changed.",
        )


class EnrolmentsMoved(Conflict):
    """Some students have no open enrolment here, or it began later; each is listed."""

    code = "enrolment.moved"

    def __init__(self, faults: Sequence[Fault]) -> None:
        super().__init__(
            f"有 {len(faults)} 名学生不能这样处理，逐项列出；未保存任何内容。",
            f"{len(faults)} student(s) do not allow this, each listed; nothing was saved.",
            faults=faults,
        )


class RollOverNotFound(NotFound):
    """No such turn of the school year within the caller's sight."""

    code = "roll-over.not-found"

    def __init__(self) -> None:
        super().__init__(
            "没有找到这次升级，请核对编号。",
            "There is no such turn of the school year; check the identifier.",
        )


class RollOverUndone(Conflict):
    """The turn was taken back already."""

    code = "roll-over.undone"

    def __init__(self) -> None:
        super().__init__(
            "这次升级已经撤销，无须再撤。",
            "This turn of the school year is undone already; there is nothing more to do.",
        )


class RollOverFollowed(Conflict):
    """A later school year stands on the turn."""

    code = "roll-over.followed"

    def __init__(self, to_year: str, count: int) -> None:
        super().__init__(
            f"其中 {count} 名学生在 {to_year} 之后的学年已有在读记录；请先撤销后一次升级。",
            f"{count} of its students are enrolled in a year after {to_year}; undo the later turn "
            "first, then this one.",
            facts={"count": count},
        )


class RollOverEarly(Conflict):
    """A school year does not turn before it is over."""

    code = "roll-over.early"

    def __init__(self, school_year: str, last_day: date) -> None:
        super().__init__(
            f"{school_year} 学年到 {last_day.isoformat()} 才结束，届时再升级；现在可先试算。",
            f"School year {school_year} ends on {last_day.isoformat()}; turn it then. A dry run "
            "can be made now.",
            facts={"last_day": last_day.isoformat()},
        )


class NothingToRoll(Conflict):
    """Everybody has gone up, or cannot."""

    code = "roll-over.nothing"

    def __init__(self, school_year: str, *, unknown: int) -> None:
        super().__init__(
            f"{school_year} 学年没有待升级的学生；年级待核实的有 {unknown} 人，请先补全年级。",
            f"Nobody of {school_year} is left to go up; {unknown} student(s) have a grade that "
            "must be checked first.",
            facts={"unknown_grade": unknown},
        )


class HouseholdNotFound(NotFound):
    """Nothing is recorded of the family in that school year."""

    code = "household.not-found"

    def __init__(self) -> None:
        super().__init__(
            "该学年没有家庭情况记录，请先填写。",
            "Nothing is recorded of the family in that school year; put it in first.",
        )


class AccountNotFound(NotFound):
    """Some accounts are not within the caller's sight."""

    code = "account.not-found"

    def __init__(self, missing: Sequence[UUID]) -> None:
        super().__init__(
            "有账户没有找到，请核对编号；未处理任何账户。",
            "Some accounts cannot be found; check the identifiers. None was touched.",
            faults=missing_faults(missing),
        )


class AccountsMoved(Conflict):
    """Some accounts do not wait for confirmation any more; each is listed."""

    code = "account.moved"

    def __init__(self, faults: Sequence[Fault]) -> None:
        super().__init__(
            f"有 {len(faults)} 个账户已不是待确认状态，逐项列出；未处理任何账户。",
            f"{len(faults)} account(s) no longer wait for confirmation, each listed; "
            "none was touched.",
            faults=faults,
        )


class CountDiffers(Conflict):
    """The filter finds another number than the caller has seen."""

    code = "account.count-differs"

    def __init__(self, *, expected: int, found: int) -> None:
        super().__init__(
            f"预期 {expected} 个账户，现有 {found} 个；请重新查看后再确认。",
            f"{expected} account(s) were expected and there are {found}; look again, then confirm.",
            facts={"expected": expected, "found": found},
        )


class OwnAccounts(Forbidden):
    """Nobody confirms an account they entered."""

    code = "account.own"

    def __init__(self, faults: Sequence[Fault]) -> None:
        super().__init__(
            f"有 {len(faults)} 个账户由您本人录入，须由另一人确认（可选择跳过这些账户）。",
            f"{len(faults)} account(s) were entered by yourself; another person confirms them "
            "(or skip them with skip_own).",
            faults=faults,
        )


class TransferNotFound(NotFound):
    """No such transfer within the caller's sight."""

    code = "transfer.not-found"

    def __init__(self) -> None:
        super().__init__(
            "没有找到该转学申请，请核对编号。",
            "There is no such transfer; check the identifier.",
        )


class TransferOpen(Conflict):
    """Somebody has asked for this student already."""

    code = "transfer.open"

    def __init__(self) -> None:
        super().__init__(
            "该学生已有未处理的转学申请，请等待原学校或县区处理。",
            "A transfer of this student is waiting already; the old school or its county settles "
            "it first.",
        )


class TransferSettled(Conflict):
    """The transfer is settled, or the student has moved meanwhile."""

    code = "transfer.settled"

    def __init__(self) -> None:
        super().__init__(
            "该转学申请已处理，或学生已不在原学校；请重新查看。",
            "The transfer is settled already, or the student has left the old school; look again.",
        )


class TransferNotYours(Forbidden):
    """Only the old school, its county or the city settles, and never who asked."""

    code = "transfer.not-yours"

    def __init__(self) -> None:
        super().__init__(
            "转学由原学校校长、原县区或市中心处理，提出申请的人不能处理；撤回由提出的学校办理。",
            "The old school's head, its county or the city settles a transfer, never the person "
            "who asked; the asking school may withdraw it.",
        )


class SchoolNotSaid(Invalid):
    """An office must say for which school it acts."""

    code = "school.not-said"

    def __init__(self) -> None:
        super().__init__("请写明学校（school_id）。", "Say for which school this is (school_id).")


def missing_faults(missing: Sequence[UUID]) -> list[Fault]:
    """A fault for each id that cannot be found."""
    return [
        Fault("not-found", "没有找到，请核对编号。", "Not found; check the identifier.", str(one))
        for one in missing
    ]
