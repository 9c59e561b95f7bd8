"""Bad settings end the start with one line that names the variable."""

import base64

import pytest

from app.core import db, embedded, migrating, settings
from app.core.embedded import Cluster
from app.core.settings import SettingsWrong

GOOD_SECRET = "s" * 40
GOOD_KEY = base64.b64encode(b"k" * 32).decode()


def load(monkeypatch: pytest.MonkeyPatch, **given: str) -> settings.Settings:
    monkeypatch.delenv("AID_MODE", raising=False)
    for name, value in given.items():
        monkeypatch.setenv(f"AID_{name}", value)
    return settings.load()


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ({"MODE": "production"}, "AID_SECRET"),
        ({"MODE": "production", "SECRET": GOOD_SECRET}, "AID_ENCRYPTION_KEY"),
        (
            {"MODE": "production", "SECRET": GOOD_SECRET, "ENCRYPTION_KEY": GOOD_KEY},
            "AID_DATABASE_URL",
        ),
        ({"SECRET": "short"}, "AID_SECRET"),
        ({"ENCRYPTION_KEY": "bm90IDMyIGJ5dGVz"}, "AID_ENCRYPTION_KEY"),
        ({"ENCRYPTION_KEY": "!!"}, "AID_ENCRYPTION_KEY"),
        ({"CATALOG": "national"}, "AID_CATALOG"),
        ({"PORT": "many"}, "AID_PORT"),
        ({"MODE": "play"}, "AID_MODE"),
        ({"OFFICE_DAY": "2008-04-01"}, "AID_OFFICE_DAY"),
        ({"POOL_SIZE": "1"}, "AID_POOL_SIZE"),
        ({"REVIEW_ASK_DAYS": "0"}, "AID_REVIEW_ASK_DAYS"),
        ({"REVIEW_ASK_DAYS": "61"}, "AID_REVIEW_ASK_DAYS"),
    ],
)
def test_a_wrong_setting_is_named_in_one_line(
    monkeypatch: pytest.MonkeyPatch, given: dict[str, str], says: str
) -> None:
    with pytest.raises(SettingsWrong) as refused:
        load(monkeypatch, **given)
    assert says in str(refused.value)
    assert "\n" not in str(refused.value)


def test_the_office_day_can_be_set_in_demo_and_test_mode(monkeypatch: pytest.MonkeyPatch) -> None:
    assert load(monkeypatch, MODE="demo", OFFICE_DAY="2008-04-01").office_day is not None


def test_a_serving_role_that_owns_tables_is_refused(cluster: Cluster) -> None:
    embedded.ensure_database(cluster, "aid_owned")
    migrating.upgrade(cluster.owner_url("aid_owned"), cluster.serving_url("aid_owned"))
    engine = db.connect(cluster.owner_url("aid_owned"), pool_size=2)
    with pytest.raises(SettingsWrong, match="owns tables"):
        db.check_serving_role(engine)
    engine.dispose()
    good = db.connect(cluster.serving_url("aid_owned"), pool_size=2)
    db.check_serving_role(good)
    migrating.check_head(good)
    good.dispose()


def test_a_database_that_was_never_migrated_is_refused(cluster: Cluster) -> None:
    embedded.ensure_database(cluster, "aid_bare")
    engine = db.connect(cluster.serving_url("aid_bare"), pool_size=2)
    with pytest.raises(SettingsWrong, match="aid migrate"):
        migrating.check_head(engine)
    engine.dispose()


def test_an_unreachable_database_is_refused_in_one_line() -> None:
    engine = db.connect("postgresql://aid@127.0.0.1:1/aid", pool_size=2)
    with pytest.raises(SettingsWrong, match="cannot be reached") as refused:
        db.check_serving_role(engine)
    assert "\n" not in str(refused.value)
    engine.dispose()
