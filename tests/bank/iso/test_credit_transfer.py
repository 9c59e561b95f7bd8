from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest

from app.bank.iso.credit_transfer import (
    Agent,
    Debtor,
    Group,
    Message,
    Transfer,
    write_credit_transfer,
)
from tests.bank.iso.oracle import read

MESSAGE = "pain_001_001_09"
COUNTY = Debtor(
    "任城区学生资助中心", "370811000100001", Agent("中国建设银行任城支行", "105461000012")
)
CITY = Debtor("济宁市学生资助中心", "370801000100002", Agent("兰州银行"))


def transfer(place=1, **changes: Any):
    given = {
        "end_to_end_id": f"P-2008-{place:07d}",
        "name": "王䶮",
        "account": "6217000010001234563",
        "amount_fen": 250_00,
        "bank_name": "中国建设银行",
        "text": "寄宿生补助2008春",
    }
    return Transfer(**given | changes)


def message(*groups: Group):
    return Message(
        id="F-2008-0001",
        made_at=datetime(2008, 4, 1, 2, 30, tzinfo=UTC),
        initiator="济宁市学生资助管理中心",
        groups=groups,
    )


def group(debtor=COUNTY, place=1, transfers=()):
    return Group(f"F-2008-0001-{place}", debtor, date(2008, 4, 2), transfers or [transfer()])


def written(*groups: Group):
    return b"".join(write_credit_transfer(message(*groups)))


def as_read(*groups: Group):
    return read(MESSAGE, written(*groups)).cstmr_cdt_trf_initn


def test_an_independent_reader_finds_every_payment_in_its_debtors_group():
    two = [transfer(1), transfer(2, name="李㛃", amount_fen=312_50)]
    found = as_read(group(COUNTY, 1, two), group(CITY, 2, [transfer(3, amount_fen=1)]))
    assert found.grp_hdr.nb_of_txs == "3"
    assert found.grp_hdr.ctrl_sum == Decimal("562.51")
    one, other = found.pmt_inf
    assert (one.dbtr_acct.id.othr.id, one.ctrl_sum, one.nb_of_txs) == (
        COUNTY.account,
        Decimal("562.50"),
        "2",
    )
    assert one.dbtr_agt.fin_instn_id.clr_sys_mmb_id.mmb_id == "105461000012"
    assert (other.dbtr.nm, other.dbtr_agt.fin_instn_id.nm) == (CITY.name, "兰州银行")
    last = one.cdt_trf_tx_inf[1]
    assert last.pmt_id.end_to_end_id == "P-2008-0000002"
    assert (last.amt.instd_amt.value, last.amt.instd_amt.ccy) == (Decimal("312.50"), "CNY")
    assert (last.cdtr.nm, last.cdtr_acct.id.othr.id) == ("李㛃", "6217000010001234563")
    assert last.rmt_inf.ustrd == ["寄宿生补助2008春"]


def test_the_day_to_pay_on_and_the_method_stand_in_the_group():
    found = as_read(group()).pmt_inf[0]
    assert found.reqd_exctn_dt.dt.to_date() == date(2008, 4, 2)
    assert found.pmt_mtd.value == "TRF"


def test_the_same_message_has_the_same_bytes():
    assert written(group()) == written(group())


def test_signs_that_xml_would_read_are_written_as_text():
    name = "<王>&\"'"
    assert as_read(group(transfers=[transfer(name=name)])).pmt_inf[0].cdt_trf_tx_inf[0].cdtr.nm == (
        name
    )


def test_a_payee_whose_bank_is_not_known_goes_without_one():
    assert (
        as_read(group(transfers=[transfer(bank_name="")])).pmt_inf[0].cdt_trf_tx_inf[0].cdtr_agt
        is None
    )


@pytest.mark.parametrize("count", [1_999, 2_000, 2_001])
def test_the_pieces_lose_no_line_at_their_edges(count):
    found = as_read(group(transfers=[transfer(place) for place in range(count)]))
    numbers = [one.pmt_id.end_to_end_id for one in found.pmt_inf[0].cdt_trf_tx_inf]
    assert numbers == [f"P-2008-{place:07d}" for place in range(count)]


@pytest.mark.parametrize(
    "changes",
    [{"end_to_end_id": "P" * 36}, {"account": ""}, {"name": "王" * 141}, {"text": "补" * 141}],
)
def test_what_the_standard_cannot_hold_is_refused(changes):
    with pytest.raises(ValueError, match="1 to"):
        written(group(transfers=[transfer(**changes)]))


def test_an_identifier_and_a_text_may_be_as_long_as_the_standard_allows():
    longest = transfer(end_to_end_id="P" * 35, name="王" * 140, text="补" * 140)
    found = as_read(group(transfers=[longest])).pmt_inf[0].cdt_trf_tx_inf[0]
    assert (found.pmt_id.end_to_end_id, found.cdtr.nm) == ("P" * 35, "王" * 140)
