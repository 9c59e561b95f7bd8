import pytest

from app.bank.errors import TotalsDiffer
from app.bank.totals import check_totals, check_within, control_totals
from tests.bank.lines import make_line, make_lines


def refusal(check, sent, received):
    with pytest.raises(TotalsDiffer) as refused:
        check(control_totals(sent), control_totals(received))
    return refused.value


def test_the_order_of_lines_does_not_matter():
    lines = make_lines(20)
    assert control_totals(lines) == control_totals(lines[::-1])


@pytest.mark.parametrize(
    "changes", [{"seq": 99}, {"account": "62170000100012345"}, {"amount_fen": 1}]
)
def test_another_number_account_or_amount_gives_another_hash(changes):
    changed = control_totals([make_line(1)._replace(**changes)])
    assert changed.accounts_sha256 != control_totals([make_line(1)]).accounts_sha256


def test_two_accounts_swapped_are_found_though_count_and_sum_agree():
    one, two = make_lines(2)
    swapped = [one._replace(account=two.account), two._replace(account=one.account)]
    assert [f.code for f in refusal(check_totals, [one, two], swapped).faults] == [
        "accounts_differ"
    ]


def test_a_missing_line_is_refused_with_both_figures():
    lines = make_lines(3)
    error = refusal(check_totals, lines, lines[:2])
    assert error.status == 422
    assert error.facts == {
        "sent": {"count": 3, "amount": "300.06"},
        "received": {"count": 2, "amount": "200.03"},
    }
    assert [fault.code for fault in error.faults] == [
        "count_differs",
        "sum_differs",
        "accounts_differ",
    ]


def test_a_partial_file_may_hold_up_to_what_was_sent():
    lines = make_lines(3)
    check_within(control_totals(lines), control_totals(lines[1:2]))
    check_within(control_totals(lines), control_totals(lines))


def test_a_partial_file_with_more_lines_or_money_than_sent_is_refused():
    lines = make_lines(3)
    more = [*lines, make_line(4)]
    assert [f.code for f in refusal(check_within, lines, more).faults] == [
        "count_differs",
        "sum_differs",
    ]
    dearer = [lines[0]._replace(amount_fen=300_07)]
    assert [f.code for f in refusal(check_within, lines, dearer).faults] == ["sum_differs"]
