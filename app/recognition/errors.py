"""What recognition refuses."""

from collections.abc import Iterable, Sequence
from datetime import date
from uuid import UUID

from app.core.errors import Conflict, Fault, Forbidden, Invalid, NotFound
from app.recognition import rules
from app.recognition.models import FormState, RequestState, ReviewState

STATES: dict[FormState, tuple[str, str]] = {
    FormState.DRAFT: ("草稿（尚有待答问题）", "a draft that asks something"),
    FormState.SUBMITTED: ("待班级评议", "waiting for the class panel"),
    FormState.RETURNED: ("已退回修改", "returned"),
    FormState.REVIEWED: ("班级已评议", "reviewed by the class panel"),
    FormState.DECIDED: ("学校已认定，待公示", "decided, waiting for the notice"),
    FormState.NOTICED: ("公示中", "in public notice"),
    FormState.FILED: ("已备案", "filed"),
    FormState.REJECTED: ("不予认定", "not recognised"),
}

NEXT: dict[FormState, tuple[str, str]] = {
    FormState.DRAFT: ("请先补答待答问题并重新提交", "answer what is asked and hand it in again"),
    FormState.SUBMITTED: ("请先由班级评议", "let the class panel speak on it first"),
    FormState.RETURNED: ("请先修改并重新提交", "change it and hand it in again first"),
    FormState.REVIEWED: ("请由学校认定", "let the school's group decide it"),
    FormState.DECIDED: ("请发布学校公示", "post the school's notice of it"),
    FormState.NOTICED: (
        "请等公示期满后备案；有异议的，请登记异议",
        "file it once the notice is over; record an objection where there is one",
    ),
    FormState.FILED: ("如需调整，请提出认定变更", "ask for a change of the recognition instead"),
    FormState.REJECTED: (
        "家庭有异议的，请登记异议；情况有变的，请修改后重新提交",
        "record an objection where the family has one, or change it and hand it in again",
    ),
}


class ListUnknown(NotFound):
    """There is no code list of that name; those there are are in facts."""

    code = "codes.unknown"

    def __init__(self, name: str, known: Sequence[str]) -> None:
        listed = "、".join(known)
        super().__init__(
            f"没有名为 {name} 的代码表；可用：{listed}。",
            f"There is no code list called {name}; there are {', '.join(known)}.",
            facts={"lists": list(known)},
        )


class WordUnknown(Invalid):
    """Some words are in no list; each names the nearest and those allowed."""

    code = "codes.word-unknown"

    def __init__(self, faults: Sequence[Fault]) -> None:
        super().__init__(
            f"有 {len(faults)} 个用词不认识，逐项列在 errors 中；未保存任何内容。",
            f"{len(faults)} word(s) are not known, each listed in errors; nothing was saved.",
            faults=faults,
        )


class FormWrong(Invalid):
    """Some fields or rows are wrong; each is listed."""

    code = "recognition.wrong"

    def __init__(self, faults: Sequence[Fault]) -> None:
        super().__init__(
            f"有 {len(faults)} 处错误，逐项列在 errors 中；未保存任何内容。",
            f"{len(faults)} thing(s) are wrong, each listed in errors; nothing was saved.",
            faults=faults,
        )


class FormUnknown(NotFound):
    """No such form, or none within the caller's scope; a set names all that are missing."""

    code = "recognition.form-unknown"

    def __init__(self, missing: Iterable[UUID] = ()) -> None:
        super().__init__(
            "没有找到认定申请，请核对编号。",
            "There is no such recognition form; check its id.",
            faults=[
                Fault("unknown", "没有这份认定申请。", "There is no such form.", str(each))
                for each in missing
            ],
        )


class FormExists(Conflict):
    """The student has a form of that school year already."""

    code = "recognition.form-exists"

    def __init__(self, form_id: UUID | None) -> None:
        super().__init__(
            "该学生本学年已有认定申请；请修改原申请，不要重复提交。",
            "The student has a form of that school year already; change that one instead.",
            facts={} if form_id is None else {"form_id": str(form_id)},
        )


class RecognitionCancelled(Conflict):
    """The recognition of that year is cancelled for a false statement; a form cannot restore it."""

    code = "recognition.cancelled"

    def __init__(self, students: Iterable[UUID]) -> None:
        faults = [
            Fault("cancelled", "本学年认定已取消", "is cancelled for that year", str(student))
            for student in students
        ]
        super().__init__(
            "学生本学年的认定因虚假承诺已取消，不能再提交认定申请；如情况有变，请申请认定变更，由另一人确认。",
            "The recognition of that year is cancelled for a false statement, and no form is taken "
            "for it; if things have changed, ask for a change, which a second officer confirms.",
            faults=faults,
        )


class FormsMoved(Conflict):
    """Some forms do not stand where the act starts from; each is listed."""

    code = "recognition.moved"

    def __init__(self, moved: Iterable[tuple[UUID, FormState]]) -> None:
        faults = [
            Fault(
                "moved",
                f"当前为“{STATES[state][0]}”；{NEXT[state][0]}。",
                f"It is {STATES[state][1]}; {NEXT[state][1]}.",
                str(form),
                {"state": state.value},
            )
            for form, state in moved
        ]
        super().__init__(
            f"{len(faults)} 份认定申请不在可办理的状态，现状与下一步逐项列在 errors 中；"
            "未作任何更改。",
            f"{len(faults)} form(s) do not stand where this act starts; errors says of each where "
            "it stands and what comes next. Nothing was changed.",
            faults=faults,
        )


class PanelMixed(Invalid):
    """A class panel speaks on the forms of one class and one school year."""

    code = "recognition.panel-mixed"


class OwnForms(Forbidden):
    """Four eyes: who filled a form in or spoke on it does not decide it."""

    code = "recognition.four-eyes"

    def __init__(self, forms: Iterable[UUID]) -> None:
        faults = [
            Fault(
                "own",
                "由您本人填报或评议，须由他人认定。",
                "You filled it in or spoke on it; somebody else must decide it.",
                str(form),
            )
            for form in forms
        ]
        super().__init__(
            f"{len(faults)} 份认定申请由您本人填报或评议过，须由他人办理；未作任何更改。",
            f"{len(faults)} form(s) were filled in or spoken on by you; another person must act. "
            "Nothing was changed.",
            faults=faults,
        )


class NoticeDaysTooFew(Invalid):
    """The notice must run for more working days; both figures are in facts."""

    code = "recognition.notice-too-short"

    def __init__(self, days: int, needed: int) -> None:
        super().__init__(
            f"公示至少 {needed} 个工作日，现为 {days} 个。",
            f"The notice must run for {needed} working days; this one has {days}.",
            facts={"working_days": days, "working_days_needed": needed},
        )


class NothingToNotice(Conflict):
    """No form matches."""

    code = "recognition.nothing"


class NotInNotice(Conflict):
    """Nobody can object to a form that is neither shown nor refused; its state is in facts."""

    code = "recognition.not-in-notice"


class ObjectionsOpen(Conflict):
    """Forms with an objection that is not settled; each is listed."""

    code = "recognition.objection-open"

    def __init__(self, forms: Iterable[UUID]) -> None:
        faults = [
            Fault("objection_open", "有异议未答复", "an objection is open", str(form))
            for form in forms
        ]
        super().__init__(
            f"{len(faults)} 份认定申请有未答复的异议，请先复核；未作任何更改。",
            f"{len(faults)} form(s) have an open objection; review it first. Nothing was changed.",
            faults=faults,
        )


class ReviewUnknown(NotFound):
    """No such objection within the caller's scope."""

    code = "recognition.objection-unknown"


class ReviewSettled(Conflict):
    """The objection was answered before."""

    code = "recognition.objection-settled"

    def __init__(self, state: ReviewState) -> None:
        upheld = state is ReviewState.UPHELD
        zh, en = ("维持原认定", "upheld") if upheld else ("变更认定", "changed")
        super().__init__(
            f"该异议已答复（{zh}），不能再次答复；请查看答复，另有异议的请重新登记。",
            f"The objection is answered already ({en}); read the answer, and record a new "
            "objection if there is more to object to.",
            facts={"state": state.value},
        )


class NotRecognised(Conflict):
    """Students without a recognition in that school year; each is listed."""

    code = "recognition.none"

    def __init__(self, students: Iterable[UUID]) -> None:
        faults = [
            Fault(
                "none",
                "该学年没有可变更或取消的认定；请核对学年，尚未认定的请先提交认定申请。",
                "No recognition of that school year to change or cancel; check the year, and hand "
                "in a form first for who is not recognised.",
                str(student),
            )
            for student in students
        ]
        super().__init__(
            f"{len(faults)} 名学生在该学年没有可变更或取消的认定，逐项列在 errors 中；"
            "未作任何更改，请核对学年或去掉这些学生后重新提交。",
            f"{len(faults)} student(s) have no recognition of that school year to change or "
            "cancel, each listed in errors; nothing was changed. Check the year, or leave them out "
            "and send the rest.",
            faults=faults,
        )


class RequestWaits(Conflict):
    """A request about the student waits for its second person already."""

    code = "recognition.request-waits"


class RequestUnknown(NotFound):
    """No such request within the caller's scope."""

    code = "recognition.request-unknown"


class RequestSettled(Conflict):
    """The request was confirmed or refused before."""

    code = "recognition.request-settled"

    def __init__(self, settled: Iterable[tuple[UUID, RequestState]]) -> None:
        faults = [
            Fault("settled", *_SETTLED[state], str(request), {"state": state.value})
            for request, state in settled
        ]
        super().__init__(
            f"{len(faults)} 项申请已由第二人处理，逐项列在 errors 中；未作任何更改，"
            "请查看处理结果，仍需调整的请重新提出申请。",
            f"{len(faults)} request(s) are settled already, each listed in errors; nothing was "
            "changed. Look at how they were settled, and make a new request if more must change.",
            faults=faults,
        )


_SETTLED = {
    RequestState.CONFIRMED: ("已确认", "confirmed already"),
    RequestState.REFUSED: ("已拒绝", "refused already"),
}


class RequestMoved(Conflict):
    """Fewer students would be recognised than were asked for; both figures are in facts."""

    code = "recognition.request-moved"

    def __init__(self, asked: int, made: int) -> None:
        super().__init__(
            f"共 {asked} 项申请，只有 {made} 名学生可照此认定；未作任何更改，请核对后逐项处理。",
            f"Of {asked} request(s) only {made} can be carried out; nothing was changed. Look at "
            "the students' recognitions, then settle the requests one by one.",
            facts={"asked": asked, "made": made},
        )


class OwnRequest(Forbidden):
    """Four eyes: who asked does not confirm."""

    code = "recognition.request-four-eyes"


class DayTaken(Conflict):
    """A recognition of the student is valid from that day or a later one already."""

    code = "recognition.day-taken"

    def __init__(self, students: Iterable[UUID]) -> None:
        faults = [
            Fault(
                "day_taken",
                "该日或之后已有认定生效",
                "a recognition is valid from that day or later",
                str(student),
            )
            for student in students
        ]
        super().__init__(
            f"{len(faults)} 名学生在该日或之后已有认定生效；请选更晚的生效日。",
            f"{len(faults)} student(s) have a recognition valid from that day or later; choose a "
            "later day.",
            faults=faults,
        )


class DayOutsideYear(Invalid):
    """A change is to hold from a day of another school year; the year's days are in facts."""

    code = "recognition.day-outside-year"

    def __init__(self, day: date, school_year: str) -> None:
        first, last = rules.first_day_of(school_year), rules.last_day_of(school_year)
        super().__init__(
            f"生效日 {day} 不在 {school_year} 学年内；请填 {first} 至 {last} 之间的日期，"
            "或更正学年。",
            f"{day} is not in the school year {school_year}; give a day from {first} to {last}, or "
            "correct the year.",
            facts={"first_day": first.isoformat(), "last_day": last.isoformat()},
        )


class RegisterRecognisesNobody(Conflict):
    """A list of deaths or of trainees says nothing of need; its kind is in facts."""

    code = "recognition.register-recognises-nobody"

    def __init__(self, kind: str) -> None:
        super().__init__(
            "这类名册不说明家庭经济困难，不能据以认定；请选择低保、残疾等困难群体名册。",
            "A list of this kind says nothing of hardship, so nobody is recognised by it; choose a "
            "list of a group in need.",
            facts={"kind": kind},
        )
