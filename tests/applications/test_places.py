"""Places of a school: given, used, left; who is beyond them waits, and takes what comes free."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import update
from sqlmodel import col

from app.applications.models import Application, Verdict
from app.applications.place_errors import PlacesExceeded
from app.core import db
from app.core.actor import SYSTEM
from tests.applications.cases import form
from tests.applications.placing import (
    CENTRE,
    CLERK,
    COUNTY,
    GRANT,
    HEAD,
    MERIT,
    OTHER,
    SCHOOL,
    SHARE,
    WEISHAN,
    Desk,
    catalogue_with_places,
)
from tests.factories.money import appropriate
from tests.factories.office import City


@pytest.fixture(scope="module", autouse=True)
def _catalogue(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    with catalogue_with_places(Path(tmp_path_factory.mktemp("catalogues"))):
        yield


@pytest.fixture
def period(request: pytest.FixtureRequest) -> str:
    asked = [item for item in request.session.items if item.path == request.node.path]
    year = 2020 + asked.index(request.node)
    return f"{year}-{year + 1}"


@pytest.fixture
def merit(city: City, client: TestClient, period: str) -> Desk:
    return Desk(city, client, MERIT, period)


@pytest.fixture
def grant(city: City, client: TestClient, period: str) -> Desk:
    return Desk(city, client, GRANT, period)


@pytest.fixture
def shared(city: City, client: TestClient, period: str) -> Desk:
    return Desk(city, client, SHARE, period)


def ranked(*ranks: int) -> list[dict[str, Any]]:
    return [{"merit_rank": rank} for rank in ranks]


def test_exactly_as_many_cases_as_places_go_up_and_nobody_waits(merit: Desk) -> None:
    merit.give(2)
    cases = merit.cases(*ranked(2, 1))
    done = merit.hand_up()
    assert (done.status_code, done.json()["handed_up"]) == (200, 2), done.text
    assert merit.states(cases) == ["in_review"] * 2
    assert merit.entries(cases) == [None, None]
    places = done.json()["batch"]["places"]
    assert (places["given"], places["used"], places["left"], places["waiting"]) == (2, 2, 0, 0)
    assert places["by"]["en"] == "2 given by the centre"


def test_one_more_than_the_places_waits_with_rank_and_reason_from_the_endorsement_on(
    merit: Desk,
) -> None:
    merit.give(2)
    cases = merit.cases(*ranked(3, 1, 2))
    batch = merit.batch()
    signed = merit.endorse(batch).json()
    assert (signed["places"]["waiting"], signed["places"]["used"]) == (1, 0)
    assert merit.entries(cases) == [(3, "waiting"), None, None]
    assert merit.report(batch).json()["handed_up"] == 2
    assert merit.states(cases) == ["submitted", "in_review", "in_review"]
    listed = merit.call(
        HEAD, "GET", f"/places?round_id={merit.round_id}&school_id={merit.school().id}"
    ).json()["items"]
    assert [(each["rank"], each["state"], each["reason"]) for each in listed] == [
        (3, "waiting", "over_places")
    ]
    assert listed[0]["words"]["zh"] == "名额 2 个，按学校推荐名次、提交时间、编号排在第 3 位。"
    assert "place 3." in listed[0]["words"]["en"]


def test_an_unknown_fact_ranks_last_and_equals_stand_by_time_then_number(merit: Desk) -> None:
    merit.give(1)
    first, second, unknown = merit.cases({"merit_rank": 5}, {"merit_rank": 5}, {})
    merit.hand_up()
    assert merit.states([first, second, unknown]) == ["in_review", "submitted", "submitted"]
    assert merit.entries([first, second, unknown]) == [None, (2, "waiting"), (3, "waiting")]


def test_where_places_are_given_and_none_are_all_wait_and_are_told_whom_to_ask(
    merit: Desk,
) -> None:
    cases = merit.cases(*ranked(1, 2))
    done = merit.hand_up()
    assert (done.status_code, done.json()["handed_up"]) == (200, 0), done.text
    assert merit.states(cases) == ["submitted"] * 2
    places = done.json()["batch"]["places"]
    assert (places["given"], places["left"]) == (0, 0)
    assert "ask the city centre" in places["by"]["en"]
    assert merit.give(1).json()["offered"] == 1
    assert merit.entries(cases) == [(1, "offered"), (2, "waiting")]


def test_an_ineligible_case_takes_no_place(merit: Desk) -> None:
    merit.give(1)
    cases = merit.cases(*ranked(1))
    bad = merit.cases({"merit_rank": 2})
    with db.scoped_session(SYSTEM) as session:
        from_bad = {"eligible": False, "amount_fen": None}
        change(session, bad, from_bad)
    assert merit.hand_up().json()["handed_up"] == 2
    assert merit.states(cases + bad) == ["in_review"] * 2


def test_a_rejected_case_offers_its_place_and_the_next_report_hands_up_who_was_offered(
    merit: Desk,
) -> None:
    merit.give(1)
    cases = merit.cases(*ranked(1, 2, 3))
    merit.hand_up()
    merit.decide(COUNTY, [cases[0]], Verdict.REJECT)
    assert merit.entries(cases) == [None, (2, "offered"), (3, "waiting")]
    assert merit.states(cases) == ["rejected", "submitted", "submitted"]
    done = merit.hand_up()
    assert done.json()["handed_up"] == 1, done.text
    assert merit.states(cases) == ["rejected", "in_review", "submitted"]
    assert merit.entries(cases) == [None, (2, "taken"), (2, "waiting")]


def test_an_objection_upheld_frees_the_place(merit: Desk) -> None:
    merit.give(1)
    cases = merit.cases(*ranked(1, 2))
    merit.hand_up()
    year = int(merit.period[:4])
    with db.scoped_session(SYSTEM) as session:
        for each in (year, year + 1):
            appropriate(session, 8000_00, year=each, programme=MERIT)
    merit.decide(COUNTY, cases[:1], Verdict.APPROVE)
    merit.decide(CENTRE, cases[:1], Verdict.APPROVE)
    said = {"programme": MERIT, "period": merit.period}
    assert merit.call(CENTRE, "POST", "/announcements", said).status_code == 201
    words = {"application_id": str(cases[0]), "words": "推荐名次有误"}
    objection = merit.call(COUNTY, "POST", "/objections", words).json()["id"]
    verdict = {"verdict": "uphold", "because": "已核实"}
    done = merit.call("city_officer_2", "POST", f"/objections/{objection}/settle", verdict)
    assert done.status_code == 200, done.text
    assert merit.states(cases) == ["rejected", "submitted"]
    assert merit.entries(cases) == [None, (2, "offered")]


def test_the_waiting_list_comes_in_pages_by_rank(merit: Desk) -> None:
    merit.cases(*ranked(5, 3, 1, 4, 2))
    merit.hand_up()
    path, ranks = f"/places?round_id={merit.round_id}&limit=2", []
    cursor = ""
    while True:
        page = merit.call(CLERK, "GET", path + cursor).json()
        ranks += [each["rank"] for each in page["items"]]
        if page["next"] is None:
            break
        cursor = f"&cursor={page['next']}"
    assert ranks == [1, 2, 3, 4, 5]
    other = merit.call(f"school_clerk@{WEISHAN}", "GET", path).json()
    assert other["items"] == []


def test_a_returned_case_keeps_its_place(merit: Desk) -> None:
    merit.give(1)
    cases = merit.cases(*ranked(1, 2))
    merit.hand_up()
    merit.decide(COUNTY, [cases[0]], Verdict.RETURN)
    assert merit.entries(cases) == [None, (2, "waiting")]
    done = merit.hand_up()
    assert done.json()["handed_up"] == 0
    assert merit.entries(cases) == [None, (2, "waiting")]


def test_a_withdrawn_case_offers_its_place_and_a_waiting_one_that_is_withdrawn_none(
    merit: Desk,
) -> None:
    merit.give(1)
    cases = merit.cases(*ranked(1, 2, 3))
    merit.hand_up()
    withdraw(merit, cases[1])
    assert merit.entries(cases) == [None, (2, "passed"), (3, "waiting")]
    withdraw(merit, cases[0])
    assert merit.entries(cases) == [None, (2, "passed"), (3, "offered")]


def test_who_passes_is_not_ranked_again_and_the_next_is_offered_the_place(merit: Desk) -> None:
    merit.give(1)
    cases = merit.cases(*ranked(1, 2, 3))
    merit.hand_up()
    merit.decide(COUNTY, [cases[0]], Verdict.REJECT)
    offered = merit.call(CLERK, "GET", f"/places?round_id={merit.round_id}&state=offered").json()
    path = f"/places/{offered['items'][0]['id']}/pass"
    said = {"because": "家庭放弃"}
    other = merit.call(f"school_clerk@{WEISHAN}", "POST", path, said)
    assert other.status_code == 404
    done = merit.call(CLERK, "POST", path, said)
    assert (done.status_code, done.json()["state"]) == (200, "passed"), done.text
    assert done.json()["settled_because"] == "家庭放弃"
    assert merit.entries(cases) == [None, (2, "passed"), (3, "offered")]
    again = merit.call(CLERK, "POST", path, said)
    assert (again.status_code, again.json()["type"]) == (409, "/problems/place.settled")
    merit.hand_up()
    assert merit.states(cases) == ["rejected", "submitted", "in_review"]


def test_money_waits_by_the_same_rank(merit: Desk) -> None:
    merit.give(5, amount="16000.00")
    cases = merit.cases(*ranked(1, 2, 3))
    done = merit.hand_up()
    assert done.json()["handed_up"] == 2
    assert merit.entries(cases) == [None, None, (3, "waiting")]
    places = done.json()["batch"]["places"]
    assert (places["left"], places["left_amount"]) == (3, "0.00")
    reason = merit.call(HEAD, "GET", f"/places?round_id={merit.round_id}").json()["items"][0]
    assert reason["reason"] == "over_money"
    assert merit.give(5, amount="23999.99").json()["offered"] == 0
    assert merit.give(5, amount="24000.00").json()["offered"] == 1


def test_a_share_of_the_roll_is_rounded_as_the_policy_says_and_a_floor_warns(
    shared: Desk,
) -> None:
    # 30 % of 5 is 1.5, half up 2; half of 3 boarders is 1.5, up 2.
    shared.enrol(5, 3)
    cases = shared.cases({"hardship": 1}, fen=500_00)
    batch = shared.batch()
    places = shared.places(batch)
    assert (places["given"], places["used"], places["left"]) == (2, 0, 2)
    assert places["by"]["en"] == "30 % of 5 on the roll, rounded half up: 2"
    assert [(each["code"], each["asked"], each["found"]) for each in places["warnings"]] == [
        ("below_floor", 2, 1)
    ]
    cases += shared.cases({"hardship": 3}, {"hardship": 2}, fen=500_00)
    assert shared.places(batch)["warnings"] == []
    shared.endorse(batch)
    shared.report(batch)
    assert shared.states(cases) == ["submitted", "in_review", "in_review"]


def test_the_centre_gives_no_more_than_the_policys_ceiling(shared: Desk) -> None:
    shared.enrol(10, 0)
    batch = shared.batch()
    shared.give(9)
    assert shared.places(batch)["given"] == 3
    shared.give(2)
    assert shared.places(batch)["given"] == 2


def test_an_approval_beyond_the_places_is_refused_until_there_are_more(merit: Desk) -> None:
    merit.give(2)
    cases = merit.cases(*ranked(1, 2))
    merit.hand_up()
    third = merit.cases(*ranked(3))
    with db.scoped_session(SYSTEM) as session:
        change(session, third, {"state": "in_review", "step": "county"})
    merit.decide(COUNTY, cases, Verdict.APPROVE)
    with pytest.raises(PlacesExceeded) as refused:
        merit.decide(COUNTY, third, Verdict.APPROVE)
    assert refused.value.faults[0].more == {"places": 2, "approved": 3}
    merit.give(3)
    assert merit.decide(COUNTY, third, Verdict.APPROVE).totals.count == 1
    year = int(merit.period[:4])
    with db.scoped_session(SYSTEM) as session:
        for each in (year, year + 1):
            appropriate(session, 24000_00, year=each, programme=MERIT)
    assert merit.decide(CENTRE, cases + third, Verdict.APPROVE).totals.count == 3


def test_a_quota_below_what_is_used_is_refused_with_the_school_named(merit: Desk) -> None:
    merit.give(2)
    merit.cases(*ranked(1, 2))
    merit.hand_up()
    refused = merit.give(1)
    assert (refused.status_code, refused.json()["type"]) == (409, "/problems/quota.below-used")
    assert refused.json()["errors"][0]["where"] == SCHOOL
    assert merit.give(2).status_code == 200


def test_quotas_are_set_over_the_figures_shown_and_by_the_city_alone(merit: Desk) -> None:
    merit.give(2)
    path = f"/programmes/{MERIT}/quotas"
    said = {
        "period": merit.period, "why": "调整",
        "expect": {"schools": 1, "places": 1, "amount": "0.00"},
        "quotas": [{"school": OTHER, "places": 4}],
    }  # fmt: skip
    refused = merit.call(CENTRE, "PUT", path, said)
    assert (refused.status_code, refused.json()["type"]) == (409, "/problems/quota.changed")
    assert refused.json()["found"] == {"schools": 1, "places": 2, "amount": "0.00"}
    assert merit.call(COUNTY, "PUT", path, said).status_code == 403
    said["expect"] = {"schools": 1, "places": 2, "amount": "0.00"}
    assert merit.call(CENTRE, "PUT", path, said).json()["places"] == 6
    unknown = {**said, "expect": {"schools": 2, "places": 6, "amount": "0.00"}}
    unknown["quotas"] = [{"school": "0000000000", "places": 1}, {"school": OTHER, "places": 1}] * 2
    wrong = merit.call(CENTRE, "PUT", path, unknown)
    assert wrong.status_code == 422
    assert [each["code"] for each in wrong.json()["errors"]] == [
        "named_twice", "named_twice", "school_unknown",
    ]  # fmt: skip
    own = merit.call(CLERK, "GET", f"{path}?period={merit.period}").json()
    assert [(each["school_code"], each["places"]) for each in own["items"]] == [(SCHOOL, 2)]
    whole = merit.call(CENTRE, "GET", f"{path}?period={merit.period}&limit=1").json()
    assert (whole["schools"], whole["places"], len(whole["items"])) == (2, 6, 1)
    assert whole["next"] is not None


def test_another_bound_on_the_money_is_another_figure(merit: Desk) -> None:
    assert merit.give(2, amount="16000.00").status_code == 200
    said = {
        "period": merit.period, "why": "调整",
        "expect": {"schools": 1, "places": 2, "amount": "16000.01"},
        "quotas": [{"school": OTHER, "places": 4}],
    }  # fmt: skip
    refused = merit.call(CENTRE, "PUT", f"/programmes/{MERIT}/quotas", said)
    assert (refused.status_code, refused.json()["type"]) == (409, "/problems/quota.changed")
    assert refused.json()["found"] == {"schools": 1, "places": 2, "amount": "16000.00"}
    said["expect"] = refused.json()["found"]
    assert merit.call(CENTRE, "PUT", f"/programmes/{MERIT}/quotas", said).status_code == 200


def test_places_are_proposed_by_eligible_cases_and_given_as_proposed(merit: Desk) -> None:
    merit.cases(*ranked(1, 2, 3))
    merit.cases(*ranked(1), code=OTHER)
    path = f"/programmes/{MERIT}/allocations/propose"
    said = {"period": merit.period, "what": "places", "total": 4, "weights": "eligible"}
    made = merit.call(CENTRE, "POST", path, said)
    assert made.status_code == 201, made.text
    assert {code: n for code, n in made.json()["result"]["places"].items() if n} == {
        SCHOOL: 3, OTHER: 1,
    }  # fmt: skip
    assert "smaller school code" in made.json()["tie_rule"]["en"]
    shown = merit.call(COUNTY, "GET", f"/programmes/{MERIT}/allocations/{made.json()['id']}")
    assert shown.status_code == 404
    none = merit.call(CENTRE, "GET", f"/programmes/{MERIT}/quotas?period={merit.period}").json()
    assert (none["schools"], none["places"]) == (0, 0)
    given = {
        "period": merit.period, "why": "按方案", "proposal_id": made.json()["id"],
        "expect": {"schools": 0, "places": 0, "amount": "0.00"},
    }  # fmt: skip
    path = f"/programmes/{MERIT}/quotas"
    done = merit.call(CENTRE, "PUT", path, given)
    assert (done.status_code, done.json()["places"]) == (200, 4), done.text
    stand = {"schools": done.json()["schools"], "places": 4, "amount": "0.00"}
    bound = {
        "period": merit.period, "why": "资金上限", "expect": stand,
        "quotas": [{"school": SCHOOL, "places": 3, "amount": "24000.00"}],
    }  # fmt: skip
    assert merit.call(CENTRE, "PUT", path, bound).status_code == 200
    again = {**given, "expect": {**stand, "amount": "24000.00"}}
    assert merit.call(CENTRE, "PUT", path, again).status_code == 200
    own = merit.call(CLERK, "GET", f"{path}?period={merit.period}").json()["items"]
    assert [(each["places"], each["amount"]) for each in own] == [(3, "24000.00")]


@pytest.mark.parametrize(
    ("weights", "places"), [("roll", {SCHOOL: 2, OTHER: 4}), ("boarders", {SCHOOL: 3, OTHER: 3})]
)
def test_places_are_proposed_by_head_count_within_the_countys_own_schools(
    shared: Desk, weights: str, places: dict[str, int]
) -> None:
    shared.enrol(5, 4)
    shared.enrol(10, 4, OTHER)
    shared.enrol(90, 90, WEISHAN)
    said = {"period": shared.period, "what": "places", "total": 6, "weights": weights}
    path = f"/programmes/{SHARE}/allocations"
    made = shared.call(COUNTY, "POST", f"{path}/propose", said).json()
    assert {code: n for code, n in made["result"]["places"].items() if n} == places
    assert made["given"]["weights"][SCHOOL] == (5 if weights == "roll" else 4)
    assert shared.call(COUNTY, "GET", f"{path}/{made['id']}").json() == made
    for other in ("county_officer@370826", CLERK):
        assert shared.call(other, "GET", f"{path}/{made['id']}").status_code == 404
    named = {**said, "schools": [SCHOOL, WEISHAN]}
    refused = shared.call(COUNTY, "POST", f"{path}/propose", named)
    assert (refused.status_code, refused.json()["errors"][0]["where"]) == (404, WEISHAN)


def test_an_infeasible_proposal_says_which_bound_fails(merit: Desk) -> None:
    path = f"/programmes/{MERIT}/allocations/propose"
    said = {
        "period": merit.period, "what": "places", "total": 9,
        "weights": [{"school": SCHOOL, "weight": 2, "most": 3}, {"school": OTHER, "weight": 1}],
        "most": 5,
    }  # fmt: skip
    refused = merit.call(CENTRE, "POST", path, said)
    assert (refused.status_code, refused.json()["type"]) == (
        422,
        "/problems/allocation.infeasible",
    )
    assert (refused.json()["bound"], refused.json()["most"]) == ("most", 8)
    said["total"] = 8
    fits = merit.call(CENTRE, "POST", path, said)
    assert fits.json()["result"]["places"] == {SCHOOL: 3, OTHER: 5}
    assert merit.call(CLERK, "POST", path, said).status_code == 403


def propose(desk: Desk, who: str = CLERK) -> Any:
    said = {"period": desk.period, "what": "tiers", "school": SCHOOL}
    return desk.call(who, "POST", f"/programmes/{GRANT}/allocations/propose", said)


def take(desk: Desk, proposal: str, who: str = CLERK) -> Any:
    return desk.call(who, "POST", f"/programmes/{GRANT}/allocations/{proposal}/take")


def test_drafts_are_given_tiers_that_meet_the_average_and_go_up(grant: Desk) -> None:
    cases = grant.drafts(
        {"hardship": 1, "income_per_head_fen": 2000_00},
        {"hardship": 3, "income_per_head_fen": 900_00},
        {"hardship": 1, "income_per_head_fen": 1000_00},
    )
    made = propose(grant)
    assert made.status_code == 201, made.text
    tiers = {each["application_id"]: each["tier"] for each in made.json()["result"]["cases"]}
    assert [tiers[str(case)] for case in cases] == [1, 3, 2]
    assert grant.states(cases) == ["draft"] * 3
    done = take(grant, made.json()["id"])
    assert (done.status_code, done.json()) == (200, {"taken": 3, "unchanged": 0}), done.text
    assert grant.states(cases) == ["submitted"] * 3
    again = take(grant, made.json()["id"])
    assert (again.status_code, again.json()["type"]) == (409, "/problems/application.moved")
    handed_up = grant.hand_up()
    assert handed_up.json()["handed_up"] == 3, handed_up.text
    assert handed_up.json()["batch"]["places"]["used_amount"] == "6000.00"
    said = grant.call(CLERK, "GET", f"/applications/{cases[1]}").json()["facts"]
    assert [(each["value"], each["source"]) for each in said if each["fact"] == "tier"] == [
        (3, "allocation")
    ]


def test_a_form_without_its_tier_is_a_draft_until_the_allocation_gives_it_one(
    grant: Desk,
) -> None:
    made = []
    for seed, hardship in ((501, 1), (502, 3)):
        said = form(seed, programme=GRANT, period=grant.period, hardship=hardship)
        done = grant.call(CLERK, "POST", "/applications", said)
        assert (done.json()["outcome"], done.json()["detail"]) == ("incomplete", "tier")
        made.append(done.json()["application_id"])
    proposal = propose(grant).json()
    assert {each["application_id"]: each["amount"] for each in proposal["result"]["cases"]} == {
        made[0]: "1000.00", made[1]: "3000.00",
    }  # fmt: skip
    assert take(grant, proposal["id"]).json()["taken"] == 2
    explained = grant.call(CLERK, "GET", f"/applications/{made[1]}").json()
    assert (explained["state"], explained["amount"]) == ("submitted", "3000.00")
    assert grant.hand_up().json()["handed_up"] == 2


def test_a_batch_off_the_average_is_not_endorsed_until_tiers_are_proposed_and_taken(
    grant: Desk,
) -> None:
    cases = grant.cases({"hardship": 2, "tier": 3}, {"hardship": 1, "tier": 3}, fen=3000_00)
    batch = grant.batch()
    refused = grant.endorse(batch)
    assert (refused.status_code, refused.json()["type"]) == (409, "/problems/batch.average-wrong")
    assert (refused.json()["amount"], refused.json()["amount_needed"]) == ("6000.00", "4000.00")
    made = propose(grant, HEAD).json()
    assert take(grant, made["id"], HEAD).json() == {"taken": 1, "unchanged": 1}
    assert grant.endorse(batch).status_code == 200
    closed = take(grant, propose(grant).json()["id"])
    assert (closed.status_code, closed.json()["type"]) == (
        409,
        "/problems/allocation.batch-closed",
    )
    assert grant.report(batch).json()["handed_up"] == 2
    assert grant.states(cases) == ["in_review"] * 2


def test_a_single_candidate_beside_what_went_up_gets_what_the_average_leaves(
    grant: Desk,
) -> None:
    up = grant.cases({"hardship": 3, "tier": 3}, {"hardship": 1, "tier": 1}, fen=2000_00)
    grant.hand_up()
    with db.scoped_session(SYSTEM) as session:
        change(session, up[:1], {"amount_fen": 3000_00})
    case = grant.drafts({"hardship": 2})
    made = propose(grant).json()
    assert [(each["application_id"], each["tier"]) for each in made["result"]["cases"]] == [
        (str(case[0]), 1)
    ]


def test_no_tier_left_for_the_average_says_which_bound(grant: Desk) -> None:
    up = grant.cases({"hardship": 3, "tier": 2}, {"hardship": 3, "tier": 2}, fen=2000_00)
    grant.hand_up()
    with db.scoped_session(SYSTEM) as session:
        change(session, up, {"amount_fen": 1000_00})
    grant.drafts({"hardship": 2})
    refused = propose(grant)
    assert (refused.status_code, refused.json()["bound"]) == (422, "most")
    assert refused.json()["total_needed"] == "4000.00"


def test_who_is_beyond_the_places_waits_in_the_lowest_tier(grant: Desk) -> None:
    grant.give(2)
    cases = grant.drafts({"hardship": 2}, {"hardship": 3}, {"hardship": 1})
    made = propose(grant).json()
    lines = {each["application_id"]: each for each in made["result"]["cases"]}
    assert [lines[str(case)]["tier"] for case in cases] == [1, 3, 1]
    assert [lines[str(case)].get("waits", False) for case in cases] == [False, False, True]
    take(grant, made["id"])
    assert grant.hand_up().json()["handed_up"] == 2
    assert grant.entries(cases) == [None, None, (3, "waiting")]


def test_ties_of_equal_need_are_told_and_other_programmes_have_no_tiers(
    grant: Desk, merit: Desk
) -> None:
    grant.drafts({"hardship": 2}, {"hardship": 2})
    made = propose(grant).json()
    assert [each["tier"] for each in made["result"]["cases"]] == [2, 2]
    assert made["ties"] == []
    said = {"period": merit.period, "what": "tiers", "school": SCHOOL}
    refused = merit.call(CLERK, "POST", f"/programmes/{MERIT}/allocations/propose", said)
    assert refused.json()["type"] == "/problems/allocation.tiers-unfit"
    other = propose(grant, f"school_clerk@{WEISHAN}")
    assert (other.status_code, other.json()["type"]) == (404, "/problems/school.unknown")


def change(session: Any, cases: list[Any], values: dict[str, Any]) -> None:
    session.execute(update(Application).where(col(Application.id).in_(cases)).values(values))


def withdraw(desk: Desk, case: Any) -> None:
    done = desk.call(
        CLERK, "POST", "/applications/withdraw", {"ids": [str(case)], "reason": "家庭放弃"}
    )
    assert done.status_code == 200, done.text


def test_what_was_sent_back_gets_no_tier_and_is_listed(grant: Desk) -> None:
    stays, sent_back = grant.drafts({"hardship": 2}, {"hardship": 2})
    with db.scoped_session(SYSTEM) as session:
        number = session.get_one(Application, sent_back).number
        case = update(Application).where(col(Application.id) == sent_back)
        session.execute(case.values(state="returned", eligible=True))
    result = propose(grant).json()["result"]
    assert [each["application_id"] for each in result["cases"]] == [str(stays)]
    assert result["returned"] == [number]
