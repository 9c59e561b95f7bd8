"""How the bank writes an account's holder: proposed by one person, confirmed by another."""

from typing import Annotated

from fastapi import APIRouter

from app.auth.guards import may
from app.auth.permissions import Act
from app.core.actor import Actor
from app.core.db import DbSession
from app.core.paging import Page, Paging, page_of
from app.core.web import AidRoute
from app.registry import service_bank_names as service
from app.registry.bank_name_models import ProposalState
from app.registry.bank_name_schemas import BankNameIdsIn, BankNameOut, BankNamesIn
from app.registry.schemas import DoneOut

router = APIRouter(route_class=AidRoute, tags=["accounts"])


@router.post("/accounts/bank-names", status_code=201)
def propose_bank_names(
    session: DbSession, asked: BankNamesIn, by: Annotated[Actor, may(Act.BANK_NAME_PROPOSE)]
) -> list[BankNameOut]:
    """Proposes the name the bank has of each account; the holder's real name stays."""
    names = {each.account_id: each.name for each in asked.names}
    made = service.propose_bank_names(session, names, because=asked.reason, by=by)
    return [BankNameOut.of(each) for each in made]


@router.get("/accounts/bank-names")
def list_bank_names(
    session: DbSession,
    by: Annotated[Actor, may(Act.BANK_NAME_READ)],
    asked: Paging,
    state: ProposalState | None = None,
) -> Page[BankNameOut]:
    """The proposed names in sight."""
    found = service.bank_names(session, by, asked, state)
    return page_of(found, asked, key=lambda one: one.id, show=BankNameOut.of)


@router.post("/accounts/bank-names/confirm")
def confirm_bank_names(
    session: DbSession, asked: BankNameIdsIn, by: Annotated[Actor, may(Act.BANK_NAME_CONFIRM)]
) -> DoneOut:
    """Confirms names that others proposed; the bank's files bear them from then on."""
    return DoneOut(count=service.confirm_bank_names(session, asked.ids, by=by))
