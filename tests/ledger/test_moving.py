"""Money moves from one account to another, for all lines or none, and the books say so."""

from uuid import UUID

import pytest
from sqlalchemy import BigInteger, Select, String, Uuid, column, false, select, text, values
from sqlalchemy.exc import IntegrityError, ProgrammingError
from sqlmodel import Session

from app.core import db, ids
from app.core.actor import SYSTEM
from app.core.db import scoped_session
from app.core.embedded import Cluster
from app.ledger import queries, service
from app.ledger.errors import Overdrawn
from app.ledger.models import AccountKind, TransferKind
from app.ledger.rules import CASH_KINDS, MAY_BE_OVERDRAWN, MOVES
from app.ledger.service import MoveResult

A, B = "2008/x/county/1", "2008/x/county/2"


def lines(*rows: tuple[str, int]) -> Select[str, UUID, int]:
    made = values(
        column("line", String), column("refers", Uuid()), column("fen", BigInteger), name="rows"
    ).data([(line, ids.new(), fen) for line, fen in rows])
    return select(made.c.line, made.c.refers, made.c.fen)


def opened(session: Session) -> None:
    codes = values(column("code", String), name="codes").data([(A,), (B,)])
    service.open_accounts(session, select(codes.c.code))


def move(session: Session, kind: TransferKind, *rows: tuple[str, int]) -> MoveResult:
    return service.move(session, kind=kind, batch=ids.new(), by=SYSTEM, lines=lines(*rows))


def held(session: Session, line: str) -> dict[str, int]:
    return {kind.value: fen for kind, fen in queries.balances(session, [line])[line].items() if fen}


def test_money_goes_the_whole_way_and_the_trial_balance_is_zero_at_every_step(
    session: Session,
) -> None:
    opened(session)
    for kind in (
        TransferKind.APPROPRIATE, TransferKind.COMMIT, TransferKind.SEND, TransferKind.PAY,
        TransferKind.RETURN, TransferKind.SEND, TransferKind.FAIL,
        TransferKind.RELEASE_COMMITMENT, TransferKind.RECALL,
    ):  # fmt: skip
        moved = move(session, kind, (A, 100), (A, 1), (B, 5))
        assert moved == MoveResult(3, 106)
        assert sum(row.balance_fen for row in service.trial_balance(session)) == 0
        reached = MOVES[kind][1]
        if reached not in MAY_BE_OVERDRAWN:
            assert held(session, A) == {"treasury": -101, reached.value: 101}
    assert held(session, A) == {}
    assert service.verify(session) == []


def test_opening_accounts_again_changes_nothing(session: Session) -> None:
    opened(session)
    move(session, TransferKind.APPROPRIATE, (A, 7))
    opened(session)
    assert held(session, A) == {"treasury": -7, "available": 7}
    accounts = {row.kind: row.accounts for row in service.trial_balance(session)}
    assert accounts == {kind: 0 if kind in CASH_KINDS else 2 for kind in AccountKind}


def test_one_fen_too_little_moves_nothing_and_names_every_short_line(session: Session) -> None:
    opened(session)
    move(session, TransferKind.APPROPRIATE, (A, 100), (B, 100))
    with pytest.raises(Overdrawn) as refused, session.begin_nested():
        move(session, TransferKind.COMMIT, (A, 100), (A, 1), (B, 250))
    assert [(s.fund_line, s.have_fen, s.need_fen, s.short_fen) for s in refused.value.shorts] == [
        (A, 100, 101, 1), (B, 100, 250, 150),
    ]  # fmt: skip
    assert refused.value.faults[0].more == {
        "fund_line": A, "have": "1.00", "need": "1.01", "short": "0.01",
    }  # fmt: skip
    assert held(session, A) == {"treasury": -100, "available": 100}


def test_the_same_batch_does_not_move_the_same_thing_twice(session: Session) -> None:
    opened(session)
    batch, thing = ids.new(), ids.new()
    row = values(
        column("line", String), column("refers", Uuid()), column("fen", BigInteger), name="rows"
    ).data([(A, thing, 10)])
    once = select(row.c.line, row.c.refers, row.c.fen)
    service.move(session, kind=TransferKind.APPROPRIATE, batch=batch, by=SYSTEM, lines=once)
    with pytest.raises(IntegrityError), session.begin_nested():
        service.move(session, kind=TransferKind.APPROPRIATE, batch=batch, by=SYSTEM, lines=once)
    assert held(session, A) == {"treasury": -10, "available": 10}


def test_nothing_to_move_is_no_fault(session: Session) -> None:
    nothing = lines((A, 1)).where(false())
    moved = service.move(
        session, kind=TransferKind.COMMIT, batch=ids.new(), by=SYSTEM, lines=nothing
    )
    assert moved == MoveResult(0, 0)


def test_accounts_that_were_never_opened_cannot_be_moved_between(session: Session) -> None:
    with pytest.raises(LookupError):
        move(session, TransferKind.APPROPRIATE, ("2008/never/county/1", 1))


def test_an_amount_of_nothing_is_refused_by_the_table(session: Session) -> None:
    opened(session)
    with pytest.raises(IntegrityError), session.begin_nested():
        move(session, TransferKind.APPROPRIATE, (A, 0))


def test_the_serving_role_cannot_change_a_transfer(session: Session) -> None:
    with pytest.raises(ProgrammingError), session.begin_nested():
        session.execute(text("UPDATE ledger_transfer SET amount_fen = 1"))


def test_a_tampered_balance_and_a_strange_transfer_are_found(
    cluster: Cluster, database: str
) -> None:
    with scoped_session(SYSTEM) as session:
        opened(session)
        move(session, TransferKind.APPROPRIATE, (A, 100), (B, 100))
        assert service.verify(session) == []
    owner = db.connect(cluster.owner_url(database), pool_size=1)
    with owner.begin() as connection:
        connection.execute(
            text("UPDATE ledger_account SET credits_fen = 101 WHERE code = :code"),
            {"code": f"{A}/available"},
        )
        connection.execute(
            text("UPDATE ledger_transfer SET kind = 'pay' WHERE credit = :code"),
            {"code": f"{B}/available"},
        )
    owner.dispose()
    with scoped_session(SYSTEM) as session:
        found = service.verify(session)
    assert [each.code for each in found] == [
        "balance-off", "transfer-not-allowed", "trial-balance-off",
    ]  # fmt: skip
    assert found[0].where == f"{A}/available"
    assert "1.01" in found[0].en
    assert "1.00" in found[0].zh


def test_every_kind_of_transfer_has_its_two_accounts() -> None:
    assert set(MOVES) == set(TransferKind)
    assert all(leaves is not reaches for leaves, reaches in MOVES.values())
