"""The service as the office and the schools call it."""

from dataclasses import dataclass
from typing import Any

from fastapi.testclient import TestClient

from app.core import db
from app.core.actor import SYSTEM
from tests.factories.cases import BOARDERS
from tests.factories.money import appropriate
from tests.factories.office import City
from tests.factories.payouts import make_payees
from tests.reconciliation.bank import Say, answer, lines_of

RURAL = "2137000006"
API = "/api/v1"


@dataclass(frozen=True)
class Door:
    """The service as its people call it."""

    client: TestClient
    city: City

    def get(self, who: str, path: str, **params: object) -> Any:
        return self.client.get(f"{API}{path}", headers=self.city.bearer(who), params=params)

    def post(self, who: str, path: str, body: object = None) -> Any:
        return self.client.post(f"{API}{path}", headers=self.city.bearer(who), json=body)

    def hand_in(self, who: str, number: str, data: bytes, kind: str = "reply") -> Any:
        return self.client.post(
            f"{API}/return-files",
            headers=self.city.bearer(who),
            data={"payment_file": number, "kind": kind},
            files={"file": ("back.txt", data)},
        )

    def hand_back(self, who: str, sheet: bytes) -> Any:
        return self.client.post(
            f"{API}/worklist/sheet",
            headers=self.city.bearer(who),
            files={"file": ("更正.xlsx", sheet)},
        )

    def sent(self, n: int) -> tuple[dict[str, Any], bytes]:
        """A released run of n payouts: its reply, and the bytes of its file."""
        with db.scoped_session(SYSTEM) as session:
            appropriate(session, n * 250_00)
            make_payees(session, self.city.schools[RURAL], n)
        body = {"programme": BOARDERS, "due_to": "2008-06-02"}
        run = self.post("finance_maker", "/runs", body).json()["run"]
        released = self.post("finance_checker", f"/runs/{run['id']}/release")
        assert released.status_code == 200, released.text
        reply = released.json()
        path = f"/files/{reply['files'][0]['id']}/content"
        return reply, self.get("finance_maker", path).content

    def answered(self, *says: Say, n: int = 5) -> tuple[dict[str, Any], bytes]:
        """As `sent`, and the bank has said `says` of the first, and paid the rest."""
        reply, content = self.sent(n)
        data = answer(lines_of(content), *says)
        taken = self.hand_in("finance_maker", reply["files"][0]["number"], data)
        assert taken.status_code == 201, taken.text
        return reply, content
