"""Passwords let in, failures are counted for good, and a refresh token works once."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from threading import Barrier

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import text
from sqlmodel import Session

from app.auth import logins, passwords, rules
from app.auth.errors import LoginsBusy, PasswordWeak
from app.auth.logins import LoggedIn
from app.auth.models import StaffMember
from app.core import db
from app.core.actor import SYSTEM
from app.core.embedded import Cluster
from tests.auth.people import API, PASSWORD, ask_token, bearer, let_in, log_in, refresh
from tests.factories.office import City

NOON = datetime(2008, 3, 3, 4, tzinfo=UTC)


def run(statement: str, **values: object) -> list[tuple[object, ...]]:
    with db.scoped_session(SYSTEM) as session:
        done = session.execute(text(statement), values)
        return [tuple(row) for row in done] if done.returns_rows else []  # type: ignore[attr-defined]


def noted(did: str) -> list[tuple[object, ...]]:
    return run("SELECT actor_name, because FROM audit_event WHERE did = :did ORDER BY id", did=did)


def test_a_password_gives_a_pair_of_tokens_that_nobody_may_keep(
    client: TestClient, city: City
) -> None:
    let_in(client, city, "li.na")
    answer = log_in(client, "li.na")
    said = answer.json()
    assert answer.status_code == 200
    assert answer.headers["Cache-Control"] == "no-store"
    assert (said["token_type"], said["expires_in"]) == ("bearer", 900)
    assert client.get(f"{API}/me", headers=bearer(answer)).json()["name"] == "李娜"
    assert noted("auth.logged-in")[-1][0] == "李娜"


def test_a_name_may_be_typed_full_width_or_in_capitals(client: TestClient, city: City) -> None:
    let_in(client, city, "zhang.wei")
    assert log_in(client, " Ｚhang.WEI ").status_code == 200


def test_a_wrong_name_and_a_wrong_password_are_answered_alike(
    client: TestClient, city: City
) -> None:
    let_in(client, city, "sun.li")
    known, unknown = log_in(client, "sun.li", "wrong"), log_in(client, "nobody.here", "wrong")
    assert known.status_code == unknown.status_code == 401
    assert known.json() == unknown.json()
    assert known.json()["error"] == "invalid_grant"
    assert known.json()["type"] == "/problems/auth.wrong-login"


@pytest.mark.parametrize("username", ["zhao.min", "a.name.that.nobody.has"])
def test_the_fifth_failure_locks_the_name_known_or_not(
    client: TestClient, city: City, username: str
) -> None:
    if username == "zhao.min":
        let_in(client, city, username)
    assert [log_in(client, username, "wrong").status_code for _ in range(5)] == [401] * 5
    locked = log_in(client, username)
    assert locked.status_code == 429
    assert 890 <= int(locked.headers["Retry-After"]) <= 900
    assert noted("auth.log-in")[-1][1] == "auth.locked"


def test_four_failures_do_not_lock_and_a_success_forgets_them(
    client: TestClient, city: City
) -> None:
    let_in(client, city, "qian.jun")
    for _ in range(2):
        assert [log_in(client, "qian.jun", "wrong").status_code for _ in range(4)] == [401] * 4
        assert log_in(client, "qian.jun").status_code == 200


def test_a_lock_survives_a_restart_and_ends_after_fifteen_minutes(
    client: TestClient, city: City, cluster: Cluster, database: str
) -> None:
    let_in(client, city, "wu.tong")
    for _ in range(5):
        log_in(client, "wu.tong", "wrong")
    before = db.engine()
    db.bind(db.connect(cluster.serving_url(database), pool_size=2))
    try:
        assert log_in(client, "wu.tong").status_code == 429
    finally:
        db.engine().dispose()
        db.bind(before)
    run("UPDATE login_guard SET locked_until = locked_until - interval '15 minutes'")
    assert log_in(client, "wu.tong", "wrong").status_code == 401  # counts anew
    assert log_in(client, "wu.tong").status_code == 200


def test_the_lock_holds_to_the_last_second_and_not_one_more() -> None:
    failures, until = rules.after_failure(4, None, at=NOON)
    assert (failures, until) == (5, NOON + timedelta(minutes=15))
    assert rules.is_locked(until, NOON + timedelta(minutes=14, seconds=59))
    assert not rules.is_locked(until, NOON + timedelta(minutes=15))
    assert rules.after_failure(3, None, at=NOON) == (4, None)
    assert rules.after_failure(5, until, at=NOON + timedelta(minutes=15)) == (1, None)


def test_parallel_guesses_are_counted_one_by_one(client: TestClient, city: City) -> None:
    let_in(client, city, "feng.yu")

    def guess(_: int) -> int:
        with Session(db.engine()) as session, session.begin():
            outcome = logins.log_in(session, "feng.yu", "wrong")
            return outcome.error.status if isinstance(outcome, logins.Refused) else 200

    with ThreadPoolExecutor(passwords.IN_THE_QUEUE) as pool:
        assert sorted(pool.map(guess, range(8))) == [401] * 5 + [429] * 3


def test_a_ninth_log_in_at_the_same_moment_is_asked_to_come_back() -> None:
    queue = [passwords.place_in_queue() for _ in range(passwords.IN_THE_QUEUE)]
    for place in queue:
        place.__enter__()
    try:
        with pytest.raises(LoginsBusy), passwords.place_in_queue():
            pass
    finally:
        for place in queue:
            place.__exit__(None, None, None)
    with passwords.place_in_queue():
        assert passwords.matches(PASSWORD, passwords.hashed(PASSWORD))


def test_a_refresh_token_works_once_and_its_reuse_ends_the_family(
    client: TestClient, city: City
) -> None:
    let_in(client, city, "he.ping")
    first = log_in(client, "he.ping").json()["refresh_token"]
    other = log_in(client, "he.ping").json()["refresh_token"]
    second = refresh(client, first)
    assert second.status_code == 200
    again = refresh(client, first)
    assert again.status_code == 401
    assert again.json()["type"] == "/problems/auth.refresh-refused"
    assert refresh(client, second.json()["refresh_token"]).status_code == 401
    assert refresh(client, other).status_code == 200  # another log-in is another family
    assert noted("auth.refresh-reused") == [("李娜", "auth.refresh-refused")]


def test_of_eight_who_use_one_refresh_token_one_succeeds_and_nothing_stays_valid(
    client: TestClient, city: City
) -> None:
    made = let_in(client, city, "xu.bo")
    token = log_in(client, "xu.bo").json()["refresh_token"]
    start = Barrier(8)

    def use(_: int) -> logins.LoggedIn | logins.Refused:
        start.wait()
        with Session(db.engine()) as session, session.begin():
            return logins.refresh(session, token)

    with ThreadPoolExecutor(8) as pool:
        done = list(pool.map(use, range(8)))
    winners = [outcome for outcome in done if isinstance(outcome, LoggedIn)]
    assert len(winners) == 1
    assert refresh(client, winners[0].refresh_token or "").status_code == 401
    live = "SELECT id FROM refresh_token WHERE staff_id = :id AND revoked_at IS NULL"
    assert run(live, id=made["id"]) == []


def test_a_session_ends_twelve_hours_after_the_log_in_however_often_renewed(
    client: TestClient, city: City
) -> None:
    made = let_in(client, city, "cao.yang")
    token = log_in(client, "cao.yang").json()["refresh_token"]
    token = refresh(client, token).json()["refresh_token"]
    ends = run(
        "SELECT DISTINCT expires_at - first.made_at > interval '11 hours 59 minutes', "
        "expires_at - first.made_at <= interval '12 hours' FROM refresh_token, "
        "(SELECT min(made_at) AS made_at FROM refresh_token WHERE staff_id = :id) AS first "
        "WHERE staff_id = :id",
        id=made["id"],
    )
    assert ends == [(True, True)]
    run("UPDATE refresh_token SET expires_at = now() WHERE staff_id = :id", id=made["id"])
    assert refresh(client, token).status_code == 401


def test_logging_out_ends_the_family_and_an_unknown_token_ends_nothing(
    client: TestClient, city: City
) -> None:
    let_in(client, city, "jin.hua")
    token = log_in(client, "jin.hua").json()["refresh_token"]
    assert client.post(f"{API}/token/revoke", data={"token": token}).status_code == 204
    assert client.post(f"{API}/token/revoke", data={"token": "unknown"}).status_code == 204
    assert refresh(client, token).status_code == 401


@pytest.mark.parametrize(
    ("form", "error"),
    [
        ({"grant_type": "password", "username": "li.na"}, "invalid_request"),
        ({"grant_type": "refresh_token"}, "invalid_request"),
        ({"grant_type": "client_credentials", "client_id": "aid-1"}, "invalid_request"),
        ({"grant_type": "authorization_code"}, "unsupported_grant_type"),
    ],
)
def test_a_token_request_that_lacks_something_says_what(
    client: TestClient, form: dict[str, str], error: str
) -> None:
    answer = ask_token(client, **form)
    assert (answer.status_code, answer.json()["error"]) == (400, error)


def test_an_own_password_is_changed_with_the_old_one_and_ends_every_session(
    client: TestClient, city: City
) -> None:
    let_in(client, city, "lin.tao")
    first = log_in(client, "lin.tao")

    def change(old: str, new: str) -> int:
        asked = {"old_password": old, "new_password": new}
        return client.post(f"{API}/me/password", json=asked, headers=bearer(first)).status_code

    assert change("wrong", "Another-Horse-8") == 401
    assert change(PASSWORD, "short") == 422
    assert change(PASSWORD, "Another-Horse-8") == 204
    assert refresh(client, first.json()["refresh_token"]).status_code == 401
    assert log_in(client, "lin.tao").status_code == 401
    assert log_in(client, "lin.tao", "Another-Horse-8").status_code == 200


def test_the_last_five_passwords_cannot_be_used_again_and_the_sixth_can(
    session: Session, city: City
) -> None:
    staff = session.get_one(StaffMember, city.staff["auditor"].id)

    def use(number: int) -> list[str]:
        try:
            logins.set_password(staff, f"Correct-Horse-{number}", where="/body/password")
        except PasswordWeak as weak:
            return [fault.code for fault in weak.faults]
        session.flush()
        return []

    assert [use(number) for number in (0, 1, 2, 3, 4, 5)] == [[]] * 6
    for number in (5, 4, 3, 2, 1):
        assert use(number) == ["password.used-before"], number
    assert use(0) == []


def test_a_wrong_old_password_counts_towards_the_lock(client: TestClient, city: City) -> None:
    let_in(client, city, "gao.jie")
    held = bearer(log_in(client, "gao.jie"))
    asked = {"old_password": "wrong", "new_password": "Another-Horse-8"}
    for _ in range(5):
        client.post(f"{API}/me/password", json=asked, headers=held)
    assert log_in(client, "gao.jie").status_code == 429


@pytest.mark.parametrize(
    ("password", "codes"),
    [
        ("Correct-Hor9", []),
        ("Correct-Ho9", ["password.too-short"]),
        ("abcdefghijk9", ["password.too-few-kinds"]),
        ("Abcdefghijk9", []),
        ("Li.Na-and-more-9", ["password.contains-username"]),
        ("li.na", ["password.too-short", "password.too-few-kinds", "password.contains-username"]),
        ("A9-" + "x" * 126, ["password.too-long"]),
    ],
)
def test_a_password_is_refused_with_every_reason(password: str, codes: list[str]) -> None:
    assert [fault.code for fault in passwords.faults_of(password, "li.na")] == codes
