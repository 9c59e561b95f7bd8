"""A draft that asks for another level of hardship, over pupils recognised by their schools."""

from datetime import date

from sqlalchemy import Date, Integer, String, Uuid, cast, literal, null, select
from sqlalchemy.dialects.postgresql import ARRAY
from sqlmodel import Session, col

from app.core import db
from app.core.actor import SYSTEM
from app.core.columns import TextEnum
from app.policy import drafting
from app.recognition import service as recognition
from app.recognition.models import Basis
from app.registry.models import Student
from app.simulation.pairs import Change, Question
from app.simulation.service import simulate
from tests.factories.cases import BOARDERS, SCHOOL_YEAR, SPRING
from tests.factories.office import City
from tests.policy_db.drafts import version
from tests.simulation.pupils import Pupils, enrol, tell

PRIMARY = "2137000006"
OCTOBER = date(2007, 10, 8)


def recognise(
    session: Session, pupils: Pupils, level: int, *groups: str, since: date = OCTOBER
) -> None:
    """Recognises each of them at a level."""
    rows = select(
        col(Student.id),
        col(Student.school_id),
        col(Student.county_id),
        literal(SCHOOL_YEAR, String(9)),
        literal(level, Integer),
        literal(list(groups), ARRAY(String)),
        literal(Basis.FORM, TextEnum(Basis)),
        cast(null(), Uuid()),
        cast(null(), Uuid()),
        literal(since, Date()),
        literal("测试", String(500)),
    ).where(col(Student.id).in_(pupils.ids))
    recognition.recognise(session, rows, by=SYSTEM)


def test_a_stricter_draft_flips_who_is_recognised_below_its_level_and_nobody_else(
    policy: Session, city: City
) -> None:
    school, by = city.schools[PRIMARY], city.actor("city_officer")
    sizes = {0: 2, 1: 3, 2: 4, 3: 5}
    groups = {level: enrol(policy, school, many) for level, many in sizes.items()}
    for level, pupils in groups.items():
        recognise(policy, pupils, level)
    risen = enrol(policy, school, 1)
    recognise(policy, risen, 1)
    recognise(policy, risen, 2, since=date(2008, 3, 1))
    later = enrol(policy, school, 1)
    recognise(policy, later, 1)
    recognise(policy, later, 3, since=date(2008, 4, 2))
    nobodys = enrol(policy, school, 1)
    # Told level 3 by a case, recognised as 1: the recognition goes before.
    contradicted = enrol(policy, school, 1)
    tell(policy, contradicted, {"hardship": 3})
    recognise(policy, contradicted, 1)

    db.enter(policy, by)
    made = drafting.draft(policy, BOARDERS, stricter(2), because="只补助困难以上", by=by)
    asked = Question(
        period=SPRING, changes=(Change(programme=BOARDERS, draft=made.id),), names=True
    )
    found = simulate(policy, asked, by=by)

    assert {fate: n for fate, n in found.totals(BOARDERS).fates.items() if n} == {
        "loses": 3 + 1 + 1, "changes": 4 + 5 + 1, "out": 2, "asks": 1,
    }  # fmt: skip
    fates = {each.student_id: each.fate for each in found.names or ()}
    of = {
        fate: {student for student, came in fates.items() if came == fate}
        for fate in ("loses", "changes")
    }
    assert of["loses"] == told(groups[1], later, contradicted)
    assert of["changes"] == told(groups[2], groups[3], risen)
    assert not told(groups[0], nobodys) & (of["loses"] | of["changes"])
    assert found.fen(BOARDERS, yearly=False) == (15 * 250_00, 10 * 300_00)


def stricter(level: int) -> dict[str, object]:
    """600 and 900 yuan a year from this level on."""
    whole = version()
    criteria = [
        {**each, "test": f"hardship >= {level}"} if each["id"] == "hardship" else each
        for each in whole["criterion"]
    ]
    examples = [
        {**each, "given": {**each["given"], "hardship": level if each["given"]["hardship"] else 0}}
        for each in whole["example"]
    ]
    return version(criterion=criteria, example=examples)


def told(*pupils: Pupils) -> set[str]:
    """Their ids as a simulation names them."""
    return {str(key) for each in pupils for key in each.ids}
