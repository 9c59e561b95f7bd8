"""The whole trail for spring 2008: from the schools' sheets to a reconciled payout."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from random import Random

from rich.console import Console
from rich.progress import track
from rich.table import Table

from app.core.money import parse_yuan, show_yuan
from app.demo import offices, paying
from app.demo.city import COUNTIES, SEED, DemoSchool, schools
from app.demo.door import Door, Json
from app.demo.offices import PERIOD, PROGRAMME, Office
from app.demo.workbooks import boarders

DECISION = {"programme": PROGRAMME, "period": PERIOD}
NOTICE_FROM, NOTICE_TO = "2008-04-02", "2008-04-09"  # the 4th was a holiday, so five working days


class TrailBroken(Exception):
    """A figure of the trail is not what it must be."""


@dataclass
class Figures:
    """What each step counted; every amount is yuan."""

    rows: list[tuple[str, str]] = field(default_factory=list)

    def note(self, step: str, figure: object) -> None:
        """Keeps one figure."""
        self.rows.append((step, str(figure)))


@dataclass
class Trail:
    """One walk through the office."""

    office: Office
    say: Console
    schools: list[DemoSchool]
    figures: Figures = field(default_factory=Figures)

    def walk(self) -> Figures:
        """Every step in its order."""
        offices.set_up(self.office, self.schools, self._track)
        offices.appropriate(self.office, "济财教指〔2008〕示例1号", "2008-03-05")
        self.office.set_day("2008-03-31")
        round_ = offices.open_round(self.office)
        self._take_in()
        self._confirm_accounts()
        self._report(round_["id"])
        self._decide()
        self._announce()
        self._pay()
        self._prove()
        return self.figures

    def _track(self, what: str, items: Iterable[None], total: int) -> Iterable[None]:
        return track(items, description=what, total=total, console=self.say)

    def _applying(self) -> list[DemoSchool]:
        return [school for school in self.schools if school.pupils]

    def _take_in(self) -> None:
        chance = Random(SEED)  # noqa: S311 the same slips every time
        form = {**DECISION, "kind": "applications", "dry_run": "false", "on_error": "accept_good"}
        counts: dict[str, int] = {}
        sent = []
        for school in self._applying():
            content, slips = boarders(chance, school.code, school.name, school.pupils)
            clerk = self.office.door(f"clerk.{school.code}")
            job = clerk.upload("/imports", form, f"{school.name}.xlsx", content)
            sent.append((school, slips, clerk, job))
        for school, slips, clerk, job in track(sent, description="sheets read", console=self.say):
            done = clerk.outcome("/imports", job)
            if done["state"] != "done" or done["counts"].get("error", 0) != slips:
                raise TrailBroken(f"{school.name}: {slips} slips, but {done['counts']}")
            for outcome, count in done["counts"].items():
                counts[outcome] = counts.get(outcome, 0) + count
        self.figures.note("rows read", sum(counts.values()))
        self.figures.note("rows refused", counts.get("error", 0))
        self.figures.note("eligible", counts.get("eligible", 0))
        self.figures.note("not eligible", counts.get("ineligible", 0))

    def _confirm_accounts(self) -> None:
        confirmed = 0
        for school in track(self._applying(), description="accounts confirmed", console=self.say):
            head = self.office.door(f"head.{school.code}")
            seen = head.post("/accounts/confirm/preview", {"filter": {}})
            expect = {"count": seen["count"]}
            confirmed += head.post("/accounts/confirm", {"filter": {}, "expect": expect})["count"]
        self.figures.note("accounts confirmed", confirmed)

    def _report(self, round_id: str) -> None:
        self.office.set_day("2008-04-10")
        panel = {
            "round_id": round_id,
            "panel": ["校长", "年级主任", "家长代表"],
            "panel_met_on": "2008-04-01",
            "notice_from": NOTICE_FROM,
            "notice_to": NOTICE_TO,
        }
        reported = 0
        for school in track(self.schools, description="schools reported", console=self.say):
            clerk = self.office.door(f"clerk.{school.code}")
            if not school.pupils:
                clerk.post("/batches/zero", {"round_id": round_id})
                continue
            batch = clerk.post("/batches", panel)
            self.office.door(f"head.{school.code}").post(f"/batches/{batch['id']}/endorse")
            reported += clerk.post(f"/batches/{batch['id']}/report")["handed_up"]
        self.figures.note("cases reported", reported)
        board = self.office.door("city.officer").get(f"/rounds/{round_id}/reporting")
        self.figures.note("schools not reported", board["schools"].get("not_reported", 0))

    def _decide(self) -> None:
        self.office.set_day("2008-04-14")
        rejected = 0
        for code in track(list(self.office.counties), description="counties", console=self.say):
            officer = self.office.door(f"officer.{code}")
            _decide(officer, "approve", "材料齐全，同意", eligible=True)
            rejected += _decide(officer, "reject", "不符合资助条件", eligible=False)["count"]
        self.figures.note("rejected", rejected)
        done = _decide(self.office.door("city.officer"), "approve", "同意", eligible=True)
        self.figures.note("approved", done["count"])
        self.figures.note("committed", done["amount"])

    def _announce(self) -> None:
        officer = self.office.door("city.officer")
        notice = officer.post("/announcements", DECISION)
        self.figures.note("in the public notice", notice["line_count"])
        self.office.set_day("2008-04-30")
        done = officer.post(f"/announcements/{notice['id']}/confirm")
        self.figures.note("awards granted", done["confirmed"])

    def _pay(self) -> None:
        self.office.set_day("2008-05-12")
        body: Json = {"term": PERIOD, "absences": []}
        for school in track(self._applying(), description="enrolment confirmed", console=self.say):
            self.office.door(f"clerk.{school.code}").post("/enrolment-confirmations", body)
        self.office.set_day("2008-05-15")
        opened, sent = paying.run(self.office, "2008-05-15")
        self.figures.note("run", f"{opened['run']['number']}, {len(sent['files'])} files")
        self.figures.note("payouts sent", sent["payouts"])
        self.figures.note("held and left behind", sent["left_behind_count"])
        self.office.set_day("2008-05-19")
        said = paying.bank_answers(self.office, sent["files"])
        for outcome in ("paid", "failed", "unknown"):
            self.figures.note(f"bank says {outcome}", said.get(outcome, 0))
        self.office.set_day("2008-05-22")
        later = paying.bank_answers(self.office, sent["files"], later=True)
        self.figures.note("unknown, now paid", later.get("paid", 0))
        self.office.set_day("2008-05-26")
        back = paying.send_back(self.office, sent["files"][0], _first_paid(self.office, sent))
        self.figures.note("sent back later", back["outcomes"][0]["lines"])
        self._pay_again()

    def _pay_again(self) -> None:
        maker = self.office.door("finance.maker")
        items = [
            item
            for kind in ("failed", "returned")
            for item in maker.all("/worklist", kind=kind, state="open")
        ]
        clerks = {school.id: school.code for school in self.schools}
        mended = paying.mend(self.office, items, clerks)
        self.figures.note("accounts corrected and confirmed", mended)
        _, sent = paying.reissue(self.office, items)
        self.figures.note("reissued", sent["payouts"])
        self.figures.note("reissued and paid", paying.all_paid(self.office, sent["files"]))

    def _prove(self) -> None:
        auditor = self.office.door("auditor")
        lines = auditor.all("/fund-lines")
        for kind in ("available", "committed", "in_transit", "paid"):
            total = sum(parse_yuan(line[kind]) for line in lines)
            self.figures.note(f"ledger: {kind.replace('_', ' ')}", show_yuan(total))
        balance = auditor.get("/trial-balance")
        self.figures.note("trial balance, difference", balance["difference"])
        checked = auditor.get("/verification")
        self.figures.note("invariants checked", checked["checks"])
        self.figures.note("findings", len(checked["findings"]))
        if checked["findings"] or not balance["balanced"]:
            raise TrailBroken(f"the books do not agree: {checked['findings']}")


def prepare(
    base_url: str, say: Console, *, pupils_each: int, counties: int = len(COUNTIES)
) -> Trail:
    """A trail through a fresh service at this address, in the first of the counties."""
    return Trail(Office(base_url), say, schools(pupils_each, counties))


def show(figures: Figures, say: Console) -> None:
    """The figures as a table."""
    table = Table(title="2008-spring · 农村寄宿生生活费补助")
    table.add_column("step")
    table.add_column("figure", justify="right")
    for row in figures.rows:
        table.add_row(*row)
    say.print(table)


def _decide(officer: Door, verdict: str, reason: str, *, eligible: bool) -> Json:
    """Previews a filter and decides it as it was seen."""
    chosen = {**DECISION, "eligible": eligible}
    seen = officer.post("/decisions/preview", {"verdict": verdict, "filter": chosen})
    if seen["count"] == 0:
        return {"count": 0, "amount": "0.00"}
    expect = {"count": seen["count"], "amount": seen["amount"]}
    body = {"verdict": verdict, "reason": reason, "filter": chosen, "expect": expect}
    return officer.post("/decisions", body)


def _first_paid(office: Office, sent: Json) -> int:
    """The first line of the first file that the bank has paid."""
    maker = office.door("finance.maker")
    first = sent["files"][0]
    run = sent["run"]["id"]
    paid = maker.all(f"/runs/{run}/payouts", state="paid")
    return min(int(each["file_line"]) for each in paid if each["file_number"] == first["number"])
