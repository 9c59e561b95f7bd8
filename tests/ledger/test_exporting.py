"""An export proves itself without the database, and another program reads the same books."""

import csv
import io
import shutil
import subprocess
import tempfile
from hashlib import sha256
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st
from sqlmodel import Session

from app.core import db
from app.core.actor import SYSTEM
from app.core.money import show_yuan
from app.ledger import exporting, seals
from app.ledger.exporting import ACCOUNTS, DAYS, JOURNAL, MANIFEST, TRANSFERS
from app.ledger.proving import Broken, prove
from app.ledger.signing import KeyWrong, Signer, public_key_of, signer_of
from tests.ledger.books import LINES, passing_one_over, slip_in, three_days


def exported(session: Session, to: Path, signer: Signer | None = None) -> Path:
    for day in three_days(session):
        seals.seal(session, day, signer=signer, by=SYSTEM)
    exporting.export(session, to, signer=signer)
    return to


def key_in(folder: Path) -> Path:
    path = folder / "private.pem"
    path.write_bytes(
        Ed25519PrivateKey.generate().private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    return path


def test_an_export_proves_itself(session: Session, tmp_path: Path) -> None:
    folder = exported(session, tmp_path / "out")
    assert prove(folder) == []
    assert not list(folder.glob("*.part"))
    assert len((folder / TRANSFERS).read_text().splitlines()) == 1 + 9


@pytest.fixture(scope="module")
def whole(database: str, tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    folder = tmp_path_factory.mktemp("export")
    with Session(db.engine()) as session:  # nothing of it is kept: the days stay open
        db.enter(session, SYSTEM)
        exported(session, folder)
        session.rollback()
    return {path.name: path.read_bytes() for path in folder.iterdir()}


@pytest.mark.parametrize("name", [TRANSFERS, DAYS, ACCOUNTS])
@given(data=st.data())
def test_any_cell_that_is_changed_is_named_by_its_line(
    whole: dict[str, bytes], name: str, data: st.DataObject
) -> None:
    lines = whole[name].decode().splitlines()
    at = data.draw(st.integers(0, len(lines) - 1))
    cells = lines[at].split("|")
    cell = data.draw(st.integers(0, len(cells) - 1))
    cells[cell] = data.draw(st.sampled_from([f"{cells[cell]}{more}" for more in "0x |²"] + ["²"]))
    lines[at] = "|".join(cells)
    first = proved(whole, {name: ("\n".join(lines) + "\n").encode()})[0]
    assert (first.file, first.line) == (name, at + 1)


def test_a_transfer_on_a_day_passed_over_is_named_by_its_line(
    session: Session, tmp_path: Path
) -> None:
    number = slip_in(session, passing_one_over(session)[1])
    exporting.export(session, tmp_path)
    [broken] = prove(tmp_path)
    assert (broken.file, broken.line) == (TRANSFERS, 3)
    assert broken.said == f"transfer {number} is on 2008-06-03, which was passed over unsealed"


def test_a_line_that_is_changed_with_its_digest_breaks_its_days_seal(
    whole: dict[str, bytes],
) -> None:
    lines = whole[TRANSFERS].decode().splitlines()
    cells = lines[4].split("|")[:-1]
    cells[5] = "00000000-0000-0000-0000-000000000000"
    canonical = "|".join(cells)
    lines[4] = f"{canonical}|{sha256(canonical.encode()).hexdigest()}"
    first = proved(whole, {TRANSFERS: ("\n".join(lines) + "\n").encode()})[0]
    assert first.file == DAYS
    assert first.said == f"{cells[7]}: its transfers do not give its seal"


@pytest.mark.parametrize("at", [1, 5, 9])
def test_a_transfer_left_out_breaks_its_days_seal(whole: dict[str, bytes], at: int) -> None:
    lines = whole[TRANSFERS].splitlines(keepends=True)
    day = lines[at].decode().split("|")[7]
    broken = proved(whole, {TRANSFERS: b"".join(lines[:at] + lines[at + 1 :])})
    first = next(each for each in broken if each.file == DAYS)
    assert first.said.startswith(day)


def proved(whole: dict[str, bytes], changed: dict[str, bytes]) -> list[Broken]:
    with tempfile.TemporaryDirectory() as made:
        for name, content in {**whole, **changed}.items():
            (Path(made) / name).write_bytes(content)
        return list(prove(Path(made)))


def test_a_seal_proves_who_closed_the_day_only_with_that_key(
    session: Session, tmp_path: Path
) -> None:
    signer = signer_of(key_in(tmp_path))
    assert signer is not None
    folder = exported(session, tmp_path / "out", signer)
    own, other = folder / exporting.PUBLIC_KEY, tmp_path / "other.pem"
    assert prove(folder, key=public_key_of(own)) == []
    other.write_bytes(Signer(Ed25519PrivateKey.generate()).public_pem())
    assert [each.file for each in prove(folder, key=public_key_of(other))] == [DAYS] * 3
    with pytest.raises(KeyWrong):
        signer_of(own)


def test_hledger_reads_the_journal_and_has_the_same_trial_balance(
    session: Session, tmp_path: Path
) -> None:
    hledger = shutil.which("hledger")
    if hledger is None:
        pytest.skip("hledger is not installed")
    folder = exported(session, tmp_path / "out")
    ran = subprocess.run(
        [hledger, "-f", str(folder / JOURNAL), "balance", "--flat", "-O", "csv", "--empty"],
        capture_output=True,
        text=True,
        check=True,
    )
    theirs = {row["account"]: row["balance"] for row in csv.DictReader(io.StringIO(ran.stdout))}
    total = theirs.pop("total", theirs.pop("Total:", None))
    assert total in {"0", "0.00 CNY", None}
    ours = {
        f"{line.replace('/', ':')}:{kind}": f"{show_yuan(fen)} CNY"
        for line, sums in ((LINES[0], 31257), (LINES[1], 1))
        for kind, fen in (("treasury", -sums), ("in_transit", sums))
    }
    assert {name: yuan for name, yuan in theirs.items() if yuan not in {"0", "0.00 CNY"}} == ours
    assert (folder / MANIFEST).exists()
