"""Holds a format to its own examples: what it writes and reads of them is what they say."""

from collections.abc import Callable
from typing import assert_never

from app.bank.examples import (
    Example,
    ExamplePayment,
    PaymentExample,
    PaymentFileExample,
    ReplyFileExample,
    ReturnExample,
    StatusExample,
)
from app.bank.layout import Format, MessageFormat, RowFormat
from app.bank.line_faults import PaymentLine
from app.bank.payment_file import payment_rows, render, write_payment_file
from app.bank.return_file import read_return_file, read_return_line
from app.bank.rows import file_of, shown
from app.bank.totals import control_totals
from app.core.errors import AidError
from app.core.money import parse_yuan


def example_problems(fmt: Format) -> list[str]:
    """What is wrong with each example, by its place in the file."""
    if isinstance(fmt, MessageFormat):
        found = [_status(fmt, example) for example in fmt.example]
    else:
        found = [_problem(fmt, example) for example in fmt.example]
    return [f"example.{place}: {problem}" for place, problem in enumerate(found) if problem]


def _status(fmt: MessageFormat, example: StatusExample) -> str | None:
    read = fmt.returned.meaning(example.status, example.reason)
    given = (example.outcome, example.reason_code)
    return None if read == given else f"is read as {read}, not as {given}"


def _problem(fmt: RowFormat, example: Example) -> str | None:
    try:
        return _prover(example)(fmt)
    except ValueError as error:
        return str(error)
    except AidError as error:
        return "; ".join([error.en, *(fault.en for fault in error.faults)])


def _prover(example: Example) -> Callable[[RowFormat], str | None]:
    match example:
        case PaymentExample():
            return lambda fmt: _payment(fmt, example)
        case ReturnExample():
            return lambda fmt: _return(fmt, example)
        case PaymentFileExample():
            return lambda fmt: _payment_file(fmt, example)
        case ReplyFileExample():
            return lambda fmt: _reply_file(fmt, example)
        case _:
            assert_never(example)


def _payment(fmt: RowFormat, example: PaymentExample) -> str | None:
    line = _line(example)
    write_payment_file(fmt, [line._replace(seq=1)])
    written = render(fmt, line)
    return None if written == example.line else f"is written {written!r}, not {example.line!r}"


def _return(fmt: RowFormat, example: ReturnExample) -> str | None:
    line = read_return_line(fmt, example.line, kind=example.kind)
    read = (line.outcome, line.reason_code)
    given = (example.outcome, example.reason_code)
    return None if read == given else f"is read as {read}, not as {given}"


def _payment_file(fmt: RowFormat, example: PaymentFileExample) -> str | None:
    lines = [_line(each) for each in example.lines]
    write_payment_file(fmt, lines, number=example.number)
    rows = payment_rows(fmt, lines, number=example.number, totals=control_totals(lines))
    written = [shown(fmt, row) for row in rows]
    return None if written == example.rows else f"is written {written}, not {example.rows}"


def _reply_file(fmt: RowFormat, example: ReplyFileExample) -> str | None:
    try:
        read = read_return_file(fmt, file_of(fmt, example.rows))
    except AidError as error:
        if error.code == example.refused:
            return None
        raise
    outcomes = [line.outcome for line in read.lines]
    if example.refused or outcomes != example.outcomes:
        return f"is read as {outcomes}, not as {example.refused or example.outcomes}"
    return None


def _line(example: ExamplePayment) -> PaymentLine:
    return PaymentLine(
        example.seq,
        example.name,
        example.account,
        parse_yuan(example.yuan),
        example.resident_id,
        example.summary,
        example.bank_name,
    )
