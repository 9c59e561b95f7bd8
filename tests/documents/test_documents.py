"""Files are kept encrypted, once, and seen only within their scope."""

import io
from uuid import UUID

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import func, select
from sqlmodel import Session, col

from app.audit.models import AuditEvent, AuditRecord
from app.core import crypto, db
from app.core.actor import SYSTEM
from app.core.embedded import Cluster
from app.documents import service
from app.documents.errors import DocumentNotFound
from app.documents.models import Document, DocumentKind, DocumentPiece
from app.documents.pieces import PIECE
from app.documents.rules import SCAN_BYTES_MAX, scan_type
from tests.factories.office import City

PDF = b"%PDF-1.4\n\xe4\xb6\xae made by a scanner"
DOOR = "/api/v1/documents"
SCHOOL = "2137000006"


def store(session: Session, data: bytes = PDF, **place: object) -> Document:
    return service.store(
        session,
        kind=DocumentKind.SCAN,
        name="指标文件.pdf",
        media_type="application/pdf",
        data=data,
        by=SYSTEM,
        **place,
    )


def test_a_file_comes_back_as_it_went_in_and_lies_encrypted(session: Session) -> None:
    kept = store(session)
    assert service.read(session, kept.id) == PDF
    lying = session.execute(select(col(Document.body))).scalar_one()
    assert b"scanner" not in lying
    assert (kept.size, kept.name) == (len(PDF), "指标文件.pdf")


def test_the_same_bytes_of_the_same_scope_are_kept_once(session: Session, city: City) -> None:
    county = city.counties["370811"]
    assert store(session).id == store(session).id
    assert store(session, county_id=county).id == store(session, county_id=county).id
    assert session.execute(select(func.count()).select_from(Document)).scalar_one() == 2
    assert store(session, PDF + b"!").id != store(session).id


def test_another_countys_file_is_not_there(session: Session, city: City) -> None:
    own = store(session, county_id=city.counties["370811"])
    other = store(session, county_id=city.counties["370826"])
    db.enter(session, city.actor("finance_maker@370811"))
    assert service.read(session, own.id) == PDF
    with pytest.raises(DocumentNotFound):
        service.read(session, other.id)


def store_file(session: Session, data: bytes, **place: object) -> Document:
    return service.store_file(
        session, kind=DocumentKind.SHEET, name="花名册.csv", media_type="text/csv",
        file=io.BytesIO(data), by=SYSTEM, **place,
    )  # fmt: skip


LARGE = b"".join(b"%d scanner\n" % at for at in range(200_000))  # three pieces


def test_a_large_file_is_kept_in_pieces_and_read_from_any_place(session: Session) -> None:
    kept = store_file(session, LARGE)
    assert (kept.size, kept.sha256) == (len(LARGE), crypto.fingerprint(LARGE))
    lying = session.execute(select(col(DocumentPiece.body))).scalars().all()
    assert len(lying) == -(-len(LARGE) // PIECE) == 3
    assert not any(b"scanner" in piece for piece in lying)
    assert service.read(session, kept.id) == LARGE
    file = service.open_file(session, kept.id)
    for place in (PIECE - 5, 2 * PIECE, 0, len(LARGE) - 3):
        file.seek(place)
        assert file.read(10) == LARGE[place : place + 10]
    assert store_file(session, LARGE).id == kept.id
    assert len(session.execute(select(col(DocumentPiece.no))).all()) == 3


@pytest.mark.parametrize(
    "harm",
    [
        (
            "UPDATE document_piece SET no = -no WHERE no > 0; "
            "UPDATE document_piece SET no = 3 + no WHERE no < 0"
        ),
        "DELETE FROM document_piece WHERE no = 1",
        "UPDATE document_piece SET body = set_byte(body, 40, 255 - get_byte(body, 40))",
    ],
)
def test_a_piece_that_is_moved_missing_or_altered_does_not_open(
    cluster: Cluster, database: str, harm: str
) -> None:
    with db.scoped_session(SYSTEM) as session:
        kept = store_file(session, LARGE)
    with cluster.superuser(database) as connection:
        connection.execute(harm)
    with db.scoped_session(SYSTEM) as session, pytest.raises(crypto.CiphertextBroken):
        service.read(session, kept.id)
    with cluster.superuser(database) as connection:
        connection.execute("TRUNCATE document CASCADE")


@pytest.mark.parametrize(
    ("data", "media_type"),
    [
        (PDF, "application/pdf"),
        (b"\xff\xd8\xff\xe0 jpeg", "image/jpeg"),
        (b"\x89PNG\r\n\x1a\n png", "image/png"),
        (b"", None),
        (b"PK\x03\x04 zip", None),
        (b" %PDF-1.4", None),
        (b"<html>", None),
    ],
)
def test_a_scan_is_known_by_its_first_bytes(data: bytes, media_type: str | None) -> None:
    assert scan_type(data) == media_type


def test_a_scan_goes_up_and_comes_down(client: TestClient, city: City) -> None:
    up = client.post(
        DOOR, files={"file": ("a.exe", PDF)}, headers=city.bearer("finance_maker@370811")
    )
    assert up.status_code == 201, up.text
    assert up.json()["media_type"] == "application/pdf"
    where = f"{DOOR}/{up.json()['id']}"
    down = client.get(where, headers=city.bearer("finance_checker@370811"))
    assert (down.status_code, down.content) == (200, PDF)
    elsewhere = client.get(where, headers=city.bearer("county_officer@370826"))
    assert elsewhere.status_code == 404


def test_other_kinds_are_not_handed_out_here(client: TestClient, city: City) -> None:
    with db.scoped_session(SYSTEM) as session:
        sheet = service.store(
            session, kind=DocumentKind.SHEET, name="a", media_type="b", data=b"c", by=SYSTEM
        )
    got = client.get(f"{DOOR}/{sheet.id}", headers=city.bearer("finance_maker"))
    assert got.status_code == 404


def test_what_is_no_scan_is_refused(client: TestClient, city: City) -> None:
    maker = city.bearer("finance_maker")
    for data in (b"", b"MZ\x90 a program"):
        refused = client.post(DOOR, files={"file": ("scan.pdf", data)}, headers=maker)
        assert refused.status_code == 422
        assert refused.json()["type"] == "/problems/document.scan-type-wrong"


def test_a_scan_of_ten_mebibytes_passes_and_one_byte_more_does_not(
    client: TestClient, city: City
) -> None:
    maker = city.bearer("finance_maker")
    largest = PDF + b"\0" * (SCAN_BYTES_MAX - len(PDF))
    assert client.post(DOOR, files={"file": ("a", largest)}, headers=maker).status_code == 201
    over = client.post(DOOR, files={"file": ("a", largest + b"\0")}, headers=maker)
    assert over.status_code == 413


def test_a_schools_scan_is_seen_by_the_school_and_its_office(
    client: TestClient, city: City
) -> None:
    up = client.post(
        DOOR, files={"file": ("a", PDF)}, headers=city.bearer(f"school_clerk@{SCHOOL}")
    )
    assert up.status_code == 201, up.text
    where = f"{DOOR}/{up.json()['id']}"
    seen = {
        who: client.get(where, headers=city.bearer(who)).status_code
        for who in (
            f"school_head@{SCHOOL}", "county_officer@370811", "school_head@3137000008",
            "county_officer@370826", f"class_teacher@{SCHOOL}",
        )
    }  # fmt: skip
    assert list(seen.values()) == [200, 200, 404, 404, 403]
    with db.scoped_session(SYSTEM) as session:
        taken = select(col(AuditEvent.actor_id)).where(
            col(AuditEvent.did) == "document.downloaded",
            col(AuditRecord.record_id) == UUID(up.json()["id"]),
        )
        who = session.execute(
            taken.join(AuditRecord, col(AuditRecord.event_id) == col(AuditEvent.id))
        ).scalars()
        assert set(who) == {
            city.staff[each].id for each in (f"school_head@{SCHOOL}", "county_officer@370811")
        }


def test_a_teacher_and_the_checker_hand_no_scans_up(client: TestClient, city: City) -> None:
    for who in (f"class_teacher@{SCHOOL}", "finance_checker"):
        refused = client.post(DOOR, files={"file": ("a", PDF)}, headers=city.bearer(who))
        assert refused.status_code == 403
