"""Programmes and versions as data: bodies, digests, approval paths."""

import pytest

from app.policy.catalogue import Catalogue, version_from_body
from app.policy.checker import load_catalogue
from app.policy.errors import ProgrammeNotFound
from tests.policy.conftest import SOUND, Write


def test_a_version_is_rebuilt_whole_from_its_stored_body(catalogue: Catalogue) -> None:
    for programme in catalogue.programmes.values():
        for version in programme.versions:
            assert version_from_body(version.body) == version


def test_a_body_that_is_not_canonical_is_refused(catalogue: Catalogue) -> None:
    body = catalogue.programme("boarding-subsidy").versions[0].body
    with pytest.raises(ValueError, match="canonical"):
        version_from_body(body.replace(b":", b": ", 1))


def test_comments_do_not_change_a_digest_and_rates_do(write: Write) -> None:
    path = write()
    before = load_catalogue(path).programme("lunch").versions[0].sha256
    file = path / "lunch.toml"
    file.write_text("# a remark\n" + SOUND, "utf-8")
    assert load_catalogue(path).programme("lunch").versions[0].sha256 == before
    dearer = SOUND.replace('"500.00"', '"600.00"').replace('"250.00"', '"300.00"')
    file.write_text(dearer, "utf-8")
    assert load_catalogue(path).programme("lunch").versions[0].sha256 != before


def test_who_decides_depends_on_who_runs_the_school(catalogue: Catalogue) -> None:
    for programme in catalogue.programmes.values():
        assert programme.approval_path("county") == ("county", "city")
        assert programme.approval_path("city") == ("city",)


def test_criteria_stand_in_the_order_the_office_lists_them(catalogue: Catalogue) -> None:
    def ids(code: str) -> list[str]:
        return [each.id for each in catalogue.programme(code).versions[-1].criteria]

    assert ids("boarding-subsidy") == ["stage", "school_area", "boards", "hardship"]
    assert ids("vocational-grant") == ["stage", "year", "hardship"]


def test_an_unknown_programme_is_not_found(catalogue: Catalogue) -> None:
    with pytest.raises(ProgrammeNotFound, match="boarding-subsidy"):
        catalogue.programme("tea")
