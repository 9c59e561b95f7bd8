"""A school that recognises its students over HTTP, and students for it to recognise."""

from datetime import date
from typing import Any
from uuid import UUID

from fastapi.testclient import TestClient
from httpx import Response
from sqlalchemy import insert
from sqlmodel import Session

from app.core import clock, db, ids
from app.core.actor import SYSTEM
from app.registry.models import Enrolment, IdentityState, School, Student
from tests.factories.office import City

YEAR = "2007-2008"
SCHOOL, WEISHAN = "2137000006", "2137000011"
MONDAY = date(2007, 9, 10)
SCHOOL_AFTER = date(2007, 9, 18)  # five working days after the 10th are over

ANSWERS: dict[str, Any] = {
    "household_size": 4,
    "hukou": "rural",
    "telephone": "15953700001",
    "address": "任城区次丘镇前王村12号",
    "post_code": "272000",
    "groups": [],
    "income_per_head": "2100.00",
    "car": False,
    "house_bought": False,
    "promise": {"signer": "赵强", "signed_on": "2007-09-05", "text": "promise-2007"},
    "members": [{"name": "赵强", "relation": "父亲", "age": 41, "income": "6000.00"}],
}


def make_students(
    session: Session,
    school: School,
    n: int = 1,
    *,
    grade: int | None = 1,
    class_name: str = "1",
    school_year: str = YEAR,
) -> list[UUID]:
    """n students with an open enrolment of the school year."""
    made = ids.new_many(n)
    place = {"school_id": school.id, "county_id": school.county_id}
    now, by = clock.now(), ids.new()
    session.execute(
        insert(Student),
        [
            {
                "id": one,
                **place,
                "name": f"赵芳{one.hex[-5:]}",
                "birth_on": date(1999, 9, 9),
                "identity": IdentityState.CONFIRMED,
                "made_at": now,
                "made_by": by,
                "version": 1,
            }
            for one in made
        ],
    )
    session.execute(
        insert(Enrolment),
        [
            {
                "id": ids.new(),
                "student_id": one,
                **place,
                "school_year": school_year,
                "stage": school.stage,
                "grade": grade,
                "class_name": class_name,
                "entered_on": date(2007, 9, 1),
                "made_at": now,
                "made_by": by,
                "version": 1,
            }
            for one in made
        ],
    )
    return made


class Caller:
    """People of the city who speak over HTTP."""

    def __init__(self, city: City, client: TestClient) -> None:
        self.city, self.client = city, client

    def students(self, n: int = 1, school: str = SCHOOL, **more: Any) -> list[str]:
        with db.scoped_session(SYSTEM) as session:
            made = make_students(session, self.city.schools[school], n, **more)
        return [str(each) for each in made]

    def get(self, path: str, who: str = f"school_clerk@{SCHOOL}") -> Response:
        return self.client.get(f"/api/v1{path}", headers=self.city.bearer(who))

    def post(self, who: str, path: str, body: Any = None) -> Response:
        headers = self.city.bearer(who)
        return self.client.post(f"/api/v1{path}", json=body, headers=headers)

    def put(self, who: str, path: str, body: Any, etag: str = '"1"') -> Response:
        headers = {**self.city.bearer(who), "If-Match": etag}
        return self.client.put(f"/api/v1{path}", json=body, headers=headers)

    def hand_in(
        self, student: str, who: str = f"school_clerk@{SCHOOL}", year: str = YEAR, **other: Any
    ) -> Response:
        said = {**ANSWERS, "student_id": student, "school_year": year, **other}
        return self.post(who, "/recognitions/forms", said)

    def form(self, student: str | None = None, **other: Any) -> str:
        """A whole form, handed in by the clerk; answers its id."""
        made = self.hand_in(student or self.students()[0], **other)
        assert made.status_code == 201, made.text
        return str(made.json()["id"])

    def propose(
        self, *forms: str, level: int = 2, who: str = f"class_teacher@{SCHOOL}", **other: Any
    ) -> Response:
        said = {
            "members": ["班主任", "班长", "家长代表"],
            "met_on": "2007-09-10",
            "forms": [{"form_id": one, "level": level, "opinion": "属实"} for one in forms],
            **other,
        }
        return self.post(who, "/recognitions/panel", said)

    def decide(
        self,
        *forms: str,
        verdict: str = "accept",
        level: int | None = None,
        who: str = f"school_head@{SCHOOL}",
    ) -> Response:
        spoken = [
            {"form_id": one, "verdict": verdict, "level": level, "opinion": "同意"} for one in forms
        ]
        return self.post(who, "/recognitions/decide", {"forms": spoken})

    def notice(self, *forms: str, stage: str = "school", **other: Any) -> Response:
        said = {"stage": stage, "school_year": YEAR, **other}
        if forms:
            said["ids"] = list(forms)
        return self.post(f"school_head@{SCHOOL}", "/recognitions/notices", said)

    def file(self, notice: str, who: str = f"school_head@{SCHOOL}") -> Response:
        return self.post(who, f"/recognitions/notices/{notice}/file")

    def decided(self, level: int = 2, **other: Any) -> str:
        """A form that the group has decided."""
        form = self.form(**other)
        assert self.propose(form, level=level).status_code == 201
        assert self.decide(form).status_code == 200
        return form

    def noticed(self, level: int = 2, **other: Any) -> tuple[str, str]:
        """A form in the school's notice, and the notice's id."""
        form = self.decided(level, **other)
        made = self.notice(form)
        assert made.status_code == 201, made.text
        return form, str(made.json()["id"])

    def filed(self, level: int = 2, **other: Any) -> tuple[str, str]:
        """A form that is filed, and its student."""
        form, notice = self.noticed(level, **other)
        clock.set_office_day(SCHOOL_AFTER)
        assert self.file(notice).json() == {"filed": 1, "held_back": []}
        return form, str(self.show(form)["student_id"])

    def show(self, form: str) -> Any:
        return self.get(f"/recognitions/forms/{form}").json()

    def state(self, form: str) -> tuple[str, int | None]:
        shown = self.show(form)
        return shown["state"], shown["level"]

    def levels(self, student: str, *, history: bool = True) -> list[tuple[int, str]]:
        path = f"/recognitions?student={student}&history={str(history).lower()}"
        return [(each["level"], each["basis"]) for each in self.get(path).json()["items"]]


def code_of(reply: Response) -> tuple[int, str]:
    return reply.status_code, reply.json()["type"].removeprefix("/problems/")
