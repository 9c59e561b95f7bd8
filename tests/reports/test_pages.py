"""Pages to print: both languages, everything escaped, nothing loaded, identities masked."""

import base64
import hashlib
import re
from datetime import date
from typing import Any
from uuid import UUID

import pytest
from fastapi.testclient import TestClient
from httpx import Response
from sqlalchemy import update
from sqlmodel import col

from app.applications.models import Application
from app.core import clock, db
from app.core.actor import SYSTEM
from app.policy.service import load_catalogue
from tests.applications.cases import form, resident_id
from tests.factories.cases import make_round
from tests.factories.office import City

SCHOOL, CITY_AREA, ELSEWHERE = "2137000006", "3137000009", "2137000011"
CLERK, TEACHER, COUNTY = (
    f"school_clerk@{SCHOOL}",
    f"class_teacher@{SCHOOL}",
    "county_officer@370811",
)
HANDED_IN, REJECTED_ON = date(2008, 4, 2), date(2008, 4, 7)
NASTY = "<b onclick=x>赵芳</b>"


class Desk:
    """A school that hands cases in and an office that decides them, over HTTP."""

    def __init__(self, city: City, client: TestClient) -> None:
        self.city, self.client = city, client

    def ask(self, method: str, path: str, who: str = CLERK, **more: Any) -> Response:
        headers = self.city.bearer(who) | more.pop("headers", {})
        return self.client.request(method, f"/api/v1{path}", headers=headers, **more)

    def case(self, seed: int, school: str = SCHOOL, **given: Any) -> str:
        clock.set_office_day(HANDED_IN)
        sent = form(seed, **given)
        made = self.ask("POST", "/applications", f"school_clerk@{school}", json=sent)
        assert made.status_code == 201, made.text
        case = str(made.json()["application_id"])
        with db.scoped_session(SYSTEM) as session:
            session.execute(
                update(Application)
                .where(col(Application.id) == UUID(case), col(Application.state) == "submitted")
                .values(state="in_review", step="county")
            )
        return case

    def reject(self, case: str, reason: str = "不符合条件") -> str:
        clock.set_office_day(REJECTED_ON)
        said = {"verdict": "reject", "reason": reason, "ids": [case]}
        assert self.ask("POST", "/decisions", COUNTY, json=said).status_code == 201
        return case

    def notice(self, case: str, who: str = CLERK, accept: str = "text/html") -> Response:
        path = f"/applications/{case}/refusal-notice"
        return self.ask("GET", path, who, headers={"Accept": accept, "Accept-Language": "en"})

    def page(self, case: str, who: str = CLERK) -> Response:
        return self.ask("GET", f"/applications/{case}/explanation/page", who)


@pytest.fixture(scope="module")
def desk(city: City, client: TestClient) -> Desk:
    with db.scoped_session(SYSTEM) as session:
        load_catalogue(session, "jining-2008")
        make_round(session)
    return Desk(city, client)


def is_page(reply: Response) -> str:
    assert reply.status_code == 200, reply.text
    assert reply.headers["content-type"] == "text/html; charset=utf-8"
    assert reply.text.lstrip().startswith("<!doctype html>")
    return reply.text


def test_an_explanation_to_print_says_everything_in_both_languages(desk: Desk) -> None:
    text = is_page(desk.page(desk.case(1)))
    for said in (
        "资助资格说明", "符合资助条件", "Eligible", "赵芳1", "任城区次丘镇中心小学",
        "农村义务教育家庭经济困难寄宿生生活费补助", "Living subsidy for boarders",
        "2008年春季学期", "适用自2008年春季学期起执行的标准", "the rules in force from 2008-spring",
        "在校寄宿", "boards at school", "是否寄宿：寄宿（学校在线填报，2008-04-02）",
        "boards at school: yes (a form filled in by the school, 2008-04-02)",
        "学校所在地：农村（学校登记表", "济宁市教育工作计划 五·6",
        "全年500.00元，本次申报250.00元", "500.00 yuan a year", "2008-05-15",
        "困难等级由一般困难变为不困难：不符合条件", "打印日期：2008年4月2日",
        "nobody changes it for a grant",
    ):  # fmt: skip
        assert said in text, said


def test_the_identity_number_is_masked(desk: Desk) -> None:
    number = resident_id(2)
    case = desk.reject(desk.case(2, hardship=0))
    for reply in (desk.page(case), desk.notice(case), desk.notice(case, accept="application/json")):
        assert number not in reply.text
        assert f"{number[:4]}**********{number[-4:]}" in reply.text


def test_nothing_on_a_page_loads_or_runs(desk: Desk) -> None:
    case = desk.reject(desk.case(3, hardship=0))
    for reply in (desk.page(case), desk.notice(case)):
        text = is_page(reply)
        policy = reply.headers["Content-Security-Policy"]
        (style,) = re.findall(r"<style>(.*?)</style>", text, re.DOTALL)
        digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
        assert policy == (
            f"default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; "
            "form-action 'none'; frame-ancestors 'none'"
        )
        assert not re.search(r"<script|<link|<img|<iframe|style=|\son\w+=|url\(|@import", text)
        assert "@page { size: A4" in style
        assert reply.headers["Cache-Control"] == "no-store"
        assert reply.headers["X-Content-Type-Options"] == "nosniff"


def test_what_people_wrote_is_escaped(desk: Desk) -> None:
    case = desk.case(4, hardship=0)
    with db.scoped_session(SYSTEM) as session:
        session.execute(
            update(Application).where(col(Application.id) == UUID(case)).values(student_name=NASTY)
        )
    desk.reject(case, "<script>alert(1)</script>")
    for text in (is_page(desk.page(case)), is_page(desk.notice(case))):
        assert NASTY not in text
        assert "&lt;b onclick=x&gt;赵芳&lt;/b&gt;" in text
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in desk.notice(case).text


def test_a_refusal_names_each_failed_criterion_and_how_to_ask_for_a_review(desk: Desk) -> None:
    case = desk.case(5, hardship=0, enrolment={"boards": False})
    text = is_page(desk.notice(desk.reject(case)))
    for said in (
        "不予资助告知书", "Notice of refusal", "任城区资助中心", "2008年4月7日", "2008-04-07",
        "在校寄宿", "是否寄宿：不寄宿（学校在线填报，2008-04-02）", "是否寄宿须为寄宿",
        "家庭经济困难", "困难等级：不困难", "困难等级须为一般困难或以上",
        "hardship level would have to be some hardship or above", "济宁市教育工作计划 五·6",
        "仅改变一项情况不足以改变结果", "10 个工作日内", "2008年4月21日（含当日）前提出",
        "until 2008-04-21 included", "任城区次丘镇中心小学，或任城区资助中心",
        "由作出本决定的人员以外的另一名工作人员复核", "another officer than the one who refused",
        "3 个工作日内答复", "维持原决定；或变更", "upheld, or changed", "本中心自行约定",
    ):  # fmt: skip
        assert said in text, said
    assert "义务教育阶段在校生" not in text  # that one was met


def test_a_refusal_says_which_single_change_would_help(desk: Desk) -> None:
    case = desk.reject(desk.case(6, hardship=0))
    said = "困难等级由不困难变为一般困难或以上：符合条件，本次申报250.00元"
    assert said in is_page(desk.notice(case))
    found = desk.notice(case, accept="application/json").json()
    assert [each["says"]["zh"] for each in found["would_help"]] == [said]


def test_where_the_school_stands_is_not_something_to_change(desk: Desk) -> None:
    case = desk.case(7, CITY_AREA)
    found = desk.notice(desk.reject(case), COUNTY, "application/json").json()
    assert [each["id"] for each in found["unmet"]] == ["school_area"]
    assert found["would_help"] == []


def test_an_eligible_case_that_was_rejected_has_the_officers_words(desk: Desk) -> None:
    text = is_page(desk.notice(desk.reject(desk.case(8), "本人书面放弃")))
    assert "本人书面放弃" in text
    assert "各项资助条件中没有不符合的" in text


def test_the_notice_is_data_for_who_asks_for_json(desk: Desk) -> None:
    case = desk.reject(desk.case(9, hardship=0))
    found = desk.notice(case, accept="application/json, text/html;q=0.5").json()
    assert (found["rejected_on"], found["office"]) == ("2008-04-07", "任城区资助中心")
    assert [each["id"] for each in found["unmet"]] == ["hardship"]
    assert found["review"] == {
        "ask_days": 10,
        "ask_until": "2008-04-21",
        "holidays_known": True,
        "ask_at": ["任城区次丘镇中心小学", "任城区资助中心"],
        "answer_days": 3,
        "outcomes": ["upheld", "changed"],
    }
    assert is_page(desk.notice(case, accept="*/*"))


def test_a_case_not_rejected_has_no_notice_of_refusal(desk: Desk) -> None:
    good = desk.notice(desk.case(10))
    assert (good.status_code, good.json()["type"]) == (409, "/problems/review.not-rejected")
    assert "to be rejected" not in good.json()["detail"]
    failing = desk.notice(desk.case(11, hardship=0))
    assert failing.status_code == 409
    assert "is not eligible and is to be rejected" in failing.json()["detail"]
    assert failing.json()["failed"] == ["hardship"]


def test_a_draft_says_what_is_missing(desk: Desk) -> None:
    text = is_page(desk.page(desk.case(12, hardship=None)))
    assert "尚不能确定，缺少下列信息" in text
    assert "困难等级（家庭经济困难学生认定）" in text


def test_pages_are_for_who_may_see_the_case(desk: Desk) -> None:
    own = desk.reject(desk.case(13, hardship=0))
    other_class = desk.reject(desk.case(14, hardship=0, enrolment={"class_name": "2"}))
    for show in (desk.page, desk.notice):
        for who in (CLERK, TEACHER, COUNTY, "auditor"):
            assert show(own, who).status_code == 200
        assert show(other_class, CLERK).status_code == 200
        assert show(other_class, TEACHER).status_code == 404
        for stranger in ("county_officer@370826", f"school_clerk@{ELSEWHERE}"):
            assert show(own, stranger).status_code == 404
        assert show(own, "administrator").status_code == 403


def test_a_supposed_case_is_a_page_without_a_person(desk: Desk) -> None:
    facts = {"stage": "primary", "school_area": "rural", "boards": True, "hardship": 0}
    asked = {"period": "2008-spring", "facts": facts}
    reply = desk.ask("POST", "/programmes/boarding-subsidy/assess/page", json=asked)
    text = is_page(reply)
    assert "假设情形，未提出申请" in text
    assert "未注明来源" in text
    assert "居民身份证号" not in text.split("<footer")[0]
    same = desk.ask("POST", "/programmes/boarding-subsidy/assess", json=asked).json()
    assert same["would_alter"][0]["says"]["zh"] in text
    wrong = {**asked, "facts": {"hardship": 9}}
    refused = desk.ask("POST", "/programmes/boarding-subsidy/assess/page", json=wrong)
    assert refused.status_code == 422
    assert refused.headers["content-type"] == "application/problem+json"


def test_a_review_that_changes_the_refusal_lets_the_school_hand_the_truth_in(desk: Desk) -> None:
    case = desk.reject(desk.case(15, hardship=0))
    asked = {"asked_by_name": "王芳", "relation": "母亲", "words": "认定为一般困难"}
    review = desk.ask("POST", f"/applications/{case}/reviews", json=asked).json()["id"]
    found = {"outcome": "changed", "because": "认定表属实"}
    other = "county_officer_2@370811"
    done = desk.ask("POST", f"/reviews/{review}/decide", other, json=found)
    assert done.status_code == 200, done.text
    assert desk.notice(case).status_code == 409
    sent = form(15)
    del sent["programme"], sent["period"]
    again = desk.ask("POST", f"/applications/{case}/submissions", json=sent)
    assert (again.status_code, again.json()["outcome"]) == (201, "eligible"), again.text
    assert "符合资助条件" in is_page(desk.page(case))
    seen = desk.ask("GET", f"/trail/{case}", "auditor").json()["cases"][0]
    assert (seen["state"], len(seen["submissions"])) == ("submitted", 2)
    assert [(each["id"], each["state"]) for each in seen["reviews"]] == [(review, "changed")]
    assert "王芳" not in str(seen["reviews"])
