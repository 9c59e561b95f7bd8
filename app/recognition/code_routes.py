"""The door of code lists."""

from typing import Annotated

from fastapi import APIRouter, Path

from app.auth.guards import may
from app.auth.permissions import Act
from app.core.actor import Actor
from app.core.web import AidRoute
from app.recognition import codes
from app.recognition.code_schemas import CodeListOut

router = APIRouter(route_class=AidRoute, tags=["codes"])


@router.get("/codes/{list}")
def show_list(
    name: Annotated[str, Path(alias="list", max_length=40)],
    by: Annotated[Actor, may(Act.PROGRAMME_READ)],
) -> CodeListOut:
    """A code list, `levels` or `groups`: names, days of validity, synonyms."""
    del by
    return CodeListOut.of(codes.code_list(name))
