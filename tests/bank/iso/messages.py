"""Messages of a bank, as text: what a test cares for is given, the rest is filled in."""

from tests.bank.iso.oracle import namespace

STATUS_REPORT = "pain_002_001_10"
STATEMENT = "camt_053_001_08"
NOTICE = "camt_054_001_08"

_BODIES = {STATEMENT: ("BkToCstmrStmt", "Stmt"), NOTICE: ("BkToCstmrDbtCdtNtfctn", "Ntfctn")}
HEADER = "<GrpHdr><MsgId>M-1</MsgId><CreDtTm>2008-04-01T10:00:00</CreDtTm></GrpHdr>"


def payment_status(number, status, *, reason="", text="", yuan="250.00"):
    told = f"<Rsn><Prtry>{reason}</Prtry></Rsn>" if reason else ""
    words = f"<AddtlInf>{text}</AddtlInf>" if text else ""
    why = f"<StsRsnInf>{told}{words}</StsRsnInf>" if told or words else ""
    return (
        f"<TxInfAndSts><OrgnlEndToEndId>{number}</OrgnlEndToEndId><TxSts>{status}</TxSts>{why}"
        f'<OrgnlTxRef><Amt><InstdAmt Ccy="CNY">{yuan}</InstdAmt></Amt></OrgnlTxRef></TxInfAndSts>'
    )


def status_report(*lines: str, group="", count="2", total="500.00"):
    whole = f"<GrpSts>{group}</GrpSts>" if group else ""
    return (
        f'<Document xmlns="{namespace(STATUS_REPORT)}"><CstmrPmtStsRpt>{HEADER}'
        f"<OrgnlGrpInfAndSts><OrgnlMsgId>F-2008-0001</OrgnlMsgId>"
        f"<OrgnlMsgNmId>pain.001.001.09</OrgnlMsgNmId><OrgnlNbOfTxs>{count}</OrgnlNbOfTxs>"
        f"<OrgnlCtrlSum>{total}</OrgnlCtrlSum>{whole}</OrgnlGrpInfAndSts>"
        f"<OrgnlPmtInfAndSts><OrgnlPmtInfId>F-2008-0001-1</OrgnlPmtInfId>{''.join(lines)}"
        "</OrgnlPmtInfAndSts></CstmrPmtStsRpt></Document>"
    )


def balance(kind, yuan, *, direction="CRDT", day="2008-04-01"):
    return (
        f"<Bal><Tp><CdOrPrtry><Cd>{kind}</Cd></CdOrPrtry></Tp>"
        f'<Amt Ccy="CNY">{yuan}</Amt><CdtDbtInd>{direction}</CdtDbtInd>'
        f"<Dt><Dt>{day}</Dt></Dt></Bal>"
    )


def detail(number, yuan, *, direction="DBIT", returned=False):
    party = "Cdtr" if direction == "DBIT" else "Dbtr"
    back = "<RtrInf><Rsn><Cd>AC04</Cd></Rsn></RtrInf>" if returned else ""
    return (
        f"<TxDtls><Refs><EndToEndId>{number}</EndToEndId></Refs>"
        f'<Amt Ccy="CNY">{yuan}</Amt><CdtDbtInd>{direction}</CdtDbtInd>'
        f"<RltdPties><{party}><Pty><Nm>王䶮</Nm></Pty></{party}><{party}Acct><Id><Othr>"
        f"<Id>6217000010001234563</Id></Othr></Id></{party}Acct></RltdPties>{back}</TxDtls>"
    )


def entry(yuan, *details: str, direction="DBIT", status="BOOK", reversal="", currency="CNY"):
    inside = f"<NtryDtls>{''.join(details)}</NtryDtls>" if details else ""
    taken_back = f"<RvslInd>{reversal}</RvslInd>" if reversal else ""
    return (
        f'<Ntry><Amt Ccy="{currency}">{yuan}</Amt><CdtDbtInd>{direction}</CdtDbtInd>{taken_back}'
        f"<Sts><Cd>{status}</Cd></Sts><BookgDt><Dt>2008-04-01</Dt></BookgDt>"
        f"<AcctSvcrRef>B-77</AcctSvcrRef><BkTxCd/>{inside}"
        "<AddtlNtryInf>代发</AddtlNtryInf></Ntry>"
    )


def account_report(message, *parts: str, number="S-7", sequence="7"):
    body, report = _BODIES[message]
    return (
        f'<Document xmlns="{namespace(message)}"><{body}>{HEADER}<{report}><Id>{number}</Id>'
        f"<ElctrncSeqNb>{sequence}</ElctrncSeqNb><FrToDt><FrDtTm>2008-04-01T00:00:00</FrDtTm>"
        "<ToDtTm>2008-04-01T23:59:59</ToDtTm></FrToDt><Acct><Id><Othr><Id>370801000100002</Id>"
        f"</Othr></Id><Ccy>CNY</Ccy></Acct>{''.join(parts)}</{report}></{body}></Document>"
    )
