"""An unlisted word is unknown until somebody teaches it, once; then what waited is settled."""

import pytest
from sqlalchemy import select
from sqlmodel import Session, col

from app.bank.errors import FormatUnknown
from app.bank.return_file import BankAnswer
from app.core.actor import Actor
from app.disbursement.models import PayoutState as S
from app.reconciliation.errors import (
    ReplyKnown,
    ReplyListed,
    ReplyNeverPaid,
    TeachingIsTheCitys,
)
from app.reconciliation.models import LineOutcome, ReturnKind, WorkItem, WorkKind, WorkState
from app.reconciliation.queries import invariants
from app.reconciliation.replies import Lesson, learn
from app.reconciliation.reply_models import LearntOutcome
from tests.factories.money import balances, line_code
from tests.factories.office import City
from tests.reconciliation.bank import answer, lines_in, outcomes, states, take_in
from tests.reconciliation.conftest import Send

PIPE = "generic-pipe"


def odd(line):
    return BankAnswer(line, "E77", "通讯中断")


def other(line):
    return BankAnswer(line, "E78")


@pytest.fixture
def checker(city: City) -> Actor:
    return city.actor("finance_checker")


def lesson(outcome: LearntOutcome, words: str = "E77 通讯中断") -> Lesson:
    return Lesson(PIPE, words, outcome, "6月3日电询农行清算中心")


def open_work(session: Session) -> list[WorkKind]:
    chosen = select(col(WorkItem.kind)).where(col(WorkItem.state) == WorkState.OPEN)
    return sorted(session.execute(chosen).scalars())


def test_what_waits_under_a_word_is_paid_once_it_is_taught(
    session: Session, sent: Send, maker: Actor, checker: Actor
) -> None:
    file = sent(3)
    take_in(session, file, answer(lines_in(session, file), odd, other), maker)
    assert states(session, file) == [S.UNKNOWN, S.UNKNOWN, S.PAID]
    assert open_work(session) == [WorkKind.UNKNOWN] * 2
    done = learn(session, lesson(LearntOutcome.PAID), by=checker)
    assert done.settled == 1
    assert states(session, file) == [S.PAID, S.UNKNOWN, S.PAID]
    assert open_work(session) == [WorkKind.UNKNOWN]
    assert balances(session, line_code())["paid"] == 2 * 250_00
    assert invariants(session) == []


def test_a_word_taught_as_failed_leaves_the_account_to_be_corrected(
    session: Session, sent: Send, maker: Actor, checker: Actor
) -> None:
    file = sent(2)
    take_in(session, file, answer(lines_in(session, file), odd), maker)
    learn(session, lesson(LearntOutcome.FAILED), by=checker)
    assert states(session, file) == [S.FAILED, S.PAID]
    assert open_work(session) == [WorkKind.FAILED]
    assert balances(session, line_code())["committed"] == 250_00
    assert invariants(session) == []


def test_a_later_file_is_read_with_what_was_taught(
    session: Session, sent: Send, maker: Actor, checker: Actor
) -> None:
    learn(session, lesson(LearntOutcome.FAILED), by=checker)
    file = sent(2)
    take_in(session, file, answer(lines_in(session, file), odd, other), maker)
    assert states(session, file) == [S.FAILED, S.UNKNOWN]


def test_a_county_teaches_nobody_elses_words(session: Session, city: City) -> None:
    with pytest.raises(TeachingIsTheCitys):
        learn(session, lesson(LearntOutcome.PAID), by=city.actor("finance_checker@370811"))


def test_a_word_is_taught_once_and_never_one_that_is_listed(
    session: Session, checker: Actor
) -> None:
    learn(session, lesson(LearntOutcome.PAID), by=checker)
    with pytest.raises(ReplyKnown, match=f"taught as paid by {checker.name} on ") as known:
        learn(session, lesson(LearntOutcome.FAILED), by=checker)
    assert known.value.facts["learnt_by"] == checker.name
    with pytest.raises(ReplyListed):
        learn(session, lesson(LearntOutcome.PAID, "成功"), by=checker)
    with pytest.raises(FormatUnknown):
        learn(session, Lesson("no-such", "E77", LearntOutcome.PAID, "电询"), by=checker)


def test_where_failures_alone_are_listed_no_word_can_mean_paid(
    session: Session, checker: Actor
) -> None:
    with pytest.raises(ReplyNeverPaid):
        learn(session, Lesson("generic-failures", "E77", LearntOutcome.PAID, "电询"), by=checker)
    learn(session, Lesson("generic-failures", "E77", LearntOutcome.FAILED, "电询"), by=checker)


def test_what_is_sent_back_in_unlisted_words_is_work_and_no_duplicate(
    session: Session, sent: Send, maker: Actor, checker: Actor
) -> None:
    file = sent(2)
    take_in(session, file, answer(lines_in(session, file)), maker)
    learn(session, lesson(LearntOutcome.FAILED), by=checker)
    back = answer(lines_in(session, file)[:1], odd)
    taken = take_in(session, file, back, maker, ReturnKind.REVERSAL)
    assert outcomes(session, taken) == [LineOutcome.CONTRADICTS]
    assert open_work(session) == [WorkKind.CONTRADICTS]
    assert states(session, file) == [S.PAID, S.PAID]
