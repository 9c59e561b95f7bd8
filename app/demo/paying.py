"""The money's half of the trail: run, release, the bank's answer, correction, reissue."""

from random import Random

from app.bank.catalogue import find_row_format
from app.bank.payment_file import PaymentLine, read_payment_file
from app.bank.return_file import BankAnswer, write_return_file
from app.demo.city import SEED
from app.demo.door import Door, Json
from app.demo.offices import PROGRAMME, Office
from app.demo.people import BANKS, card_number

FORMAT = "generic-pipe"
FAILS_ONE_IN, UNKNOWN_ONE_IN = 60, 200
REASONS = ("户名不符", "账户不存在", "账户冻结")


def run(office: Office, due_to: str) -> tuple[Json, Json]:
    """Opens a run by the maker and releases it by the checker."""
    body = {"programme": PROGRAMME, "due_to": due_to, "bank_format": FORMAT}
    opened = office.door("finance.maker").post("/runs", body)
    return opened, release(office, opened)


def release(office: Office, opened: Json) -> Json:
    """The checker, another person, lets a run go."""
    return office.door("finance.checker").post(f"/runs/{opened['run']['id']}/release")


def bank_answers(office: Office, files: list[Json], *, later: bool = False) -> dict[str, int]:
    """The bank's return for every file: most lines paid, some failed, a few not known yet.

    The answer of a `later` day is the same but for the lines that were not known: those are paid.
    """
    chance = Random(SEED)  # noqa: S311 the bank's moods must be the same every time
    maker = office.door("finance.maker")
    totals: dict[str, int] = {}
    for file in files:
        lines = payment_lines(maker, file)
        answers = [_answer(chance, line, later=later) for line in lines]
        done = hand_in(maker, file, "reply", answers)
        for each in done["outcomes"]:
            totals[each["outcome"]] = totals.get(each["outcome"], 0) + each["lines"]
    return totals


def hand_in(maker: Door, file: Json, kind: str, answers: list[BankAnswer]) -> Json:
    """A file from the bank, handed in by the maker."""
    form = {"payment_file": file["number"], "kind": kind}
    content = write_return_file(find_row_format(FORMAT), answers)
    return maker.upload("/return-files", form, f"{file['number']}-{kind}.txt", content)


def send_back(office: Office, file: Json, paid_line: int) -> Json:
    """Days later the bank sends one paid line back (退汇)."""
    maker = office.door("finance.maker")
    line = payment_lines(maker, file)[paid_line - 1]
    return hand_in(maker, file, "reversal", [BankAnswer(line, "退汇", "账户冻结")])


def all_paid(office: Office, files: list[Json]) -> int:
    """The bank's return for files whose every line was paid; answers how many."""
    maker = office.door("finance.maker")
    paid = 0
    for file in files:
        answers = [BankAnswer(line, "成功") for line in payment_lines(maker, file)]
        hand_in(maker, file, "reply", answers)
        paid += len(answers)
    return paid


def mend(office: Office, items: list[Json], clerks: dict[str, str]) -> int:
    """Clerks bring a new account for each, and the head confirms it; `clerks` by school id."""
    chance = Random(SEED + 1)  # noqa: S311
    by_school: dict[str, list[str]] = {}
    for item in items:
        code = clerks[item["school_id"]]
        bank, prefix = chance.choice(BANKS)
        account = {
            "kind": "card",
            "number": card_number(chance, prefix),
            "bank_name": bank,
            "holder": "student",
            "holder_name": item["student_name"],
        }
        path = f"/students/{item['student_id']}/account"
        made = office.door(f"clerk.{code}").put(path, account)
        by_school.setdefault(code, []).append(made["id"])
    for code, ids in by_school.items():
        office.door(f"head.{code}").post("/accounts/confirm", {"ids": ids})
    return len(items)


def reissue(office: Office, items: list[Json]) -> tuple[Json, Json]:
    """Pays failed and returned payouts again, to the accounts confirmed by now."""
    body = {"payout_ids": [item["payout_id"] for item in items], "bank_format": FORMAT}
    opened = office.door("finance.maker").post("/payouts/reissue", body)
    return opened, release(office, opened)


def payment_lines(maker: Door, file: Json) -> list[PaymentLine]:
    """The lines of a bank file as the bank reads them."""
    return read_payment_file(
        find_row_format(FORMAT), maker.download(f"/files/{file['id']}/content")
    )


def _answer(chance: Random, line: PaymentLine, *, later: bool) -> BankAnswer:
    if chance.randrange(FAILS_ONE_IN) == 0:
        return BankAnswer(line, "失败", chance.choice(REASONS))
    if chance.randrange(UNKNOWN_ONE_IN) == 0 and not later:
        return BankAnswer(line, "处理中")
    return BankAnswer(line, "成功")
