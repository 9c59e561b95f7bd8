"""What recognition refuses."""

from collections.abc import Iterable, Sequence
from uuid import UUID

from app.core.errors import Conflict, Fault, Forbidden, Invalid, NotFound
from app.recognition.models import FormState

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


class FormsMoved(Conflict):
    """Some forms do not stand where the act starts from; each is listed."""

    code = "recognition.moved"

    def __init__(self, moved: Iterable[tuple[UUID, FormState]]) -> None:
        faults = [
            Fault(
                "moved",
                f"当前为“{STATES[state][0]}”",
                f"it is {STATES[state][1]}",
                str(form),
                {"state": state.value},
            )
            for form, state in moved
        ]
        super().__init__(
            f"{len(faults)} 份认定申请不在可办理的状态，逐项列在 errors 中；未作任何更改。",
            f"{len(faults)} form(s) do not stand where this act starts, each listed in errors; "
            "nothing was changed.",
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


class NotRecognised(Conflict):
    """Students without a recognition in that school year; each is listed."""

    code = "recognition.none"

    def __init__(self, students: Iterable[UUID]) -> None:
        faults = [
            Fault("none", "本学年没有认定", "no recognition this school year", str(student))
            for student in students
        ]
        super().__init__(
            f"{len(faults)} 名学生本学年没有可变更的认定，逐项列在 errors 中。",
            f"{len(faults)} student(s) have no recognition of that school year, each listed.",
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
