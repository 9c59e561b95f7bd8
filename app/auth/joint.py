"""Many requests of one caller answered with one transaction, each as if it had come alone.

Each keeps its own `Idempotency-Key`, its own reply and its own refusal.
"""

from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from fastapi import FastAPI, Response
from pydantic import BaseModel
from sqlmodel import Session
from starlette.datastructures import State

from app.auth import callers
from app.auth.tokens import Claims
from app.core import db, idempotency, problems
from app.core.actor import Actor, ActorKind
from app.core.errors import AidError
from app.core.idempotency import Claim, Wanted
from app.core.together import Together


@dataclass(frozen=True)
class Reply:
    """What a request is answered, before it is written out."""

    status: int
    told: BaseModel

    def response(self) -> Response:
        """As it goes out, and as it is kept under its key."""
        body = self.told.model_dump_json().encode()
        return Response(body, self.status, media_type=idempotency.JSON)


@dataclass(frozen=True)
class Caller:
    """Who calls with leave, and what came along with the body; `state` is the request's."""

    claims: Claims
    school_code: str | None
    key: Wanted | None
    state: State

    @property
    def sort(self) -> tuple[object, ...]:
        """Those of one sort act as one actor."""
        return self.claims.sub, self.claims.jti, self.school_code

    def acts(self, session: Session) -> Actor:
        """The actor. Raises as `callers.at_school` where it is a school's system."""
        if self.claims.kind is ActorKind.PERSON:
            return callers.known_as(self.claims)
        return callers.at_school(session, self.claims, self.school_code)


class Verb(Protocol):
    """Does what each of some requests wants, all of one actor's.

    Answers each, in order, its reply or the error that refuses it. What is refused may have been
    stored in part: the transaction is undone.
    """

    def __call__(
        self, session: Session, wanted: Sequence[Any], *, by: Actor
    ) -> Sequence[Reply | AidError]:
        """The answers; an error that it raises refuses them all."""


@dataclass(frozen=True)
class Asked:
    """One request: who calls, and the body."""

    caller: Caller
    wanted: Any


class Joint:
    """A verb behind a route, whose requests are answered together."""

    def __init__(self, app: FastAPI, verb: Verb) -> None:
        self._together: Together[Asked, Response] = Together(self._answers, db.turns(app))
        self._verb = verb

    async def ask(self, caller: Caller, wanted: Any, *, sort: Hashable) -> Response:
        """The answer to one request; `sort` says with which of the caller's others it may be given.

        Raises what refuses it.
        """
        key = None if caller.key is None else caller.key.key
        return await self._together.ask((caller.sort, sort), Asked(caller, wanted), alike=key)

    def _answers(self, group: Sequence[Asked]) -> Sequence[Response | Exception]:
        """One transaction for all who can be answered so; each of the others has one of its own.

        Who is refused is taken out and heard alone, after the others: so nothing stays of what is
        refused, and what refuses one refuses no other.
        """
        answers: dict[int, Response | Exception] = {}
        together, alone = list(range(len(group))), list[int]()
        while len(together) > 1:
            try:
                found = self._in_one([group[at] for at in together])
            except _Refused as refused:
                alone += [together[at] for at in refused.whom]
                together = [at for at in together if at not in alone]
                continue
            except Exception as error:  # noqa: BLE001 each raises its own, heard alone
                if problems.passes(error):  # whoever asks again now only waits again
                    return [error] * len(group)
                break
            answers |= zip(together, found, strict=True)
            together = []
        answers |= {at: self._alone(group[at]) for at in sorted(together + alone)}
        for at, answer in answers.items():
            if isinstance(answer, Response):
                # What was noted of it bears the name of the first.
                group[at].caller.state.name = group[0].caller.state.name
        return [answers[at] for at in range(len(group))]

    def _alone(self, one: Asked) -> Response | Exception:
        try:
            return self._in_one([one])[0]
        except _Refused as refused:
            return refused.whom[0]
        except Exception as error:  # noqa: BLE001 who asked raises it again
            return error

    def _in_one(self, group: Sequence[Asked]) -> list[Response | Exception]:
        """One transaction for all. Raises _Refused, with nothing stored, where the verb refuses."""
        with db.transaction() as session:
            by = group[0].caller.acts(session)
            db.enter(session, by)
            for one in group:
                one.caller.state.actor = by
            held = _held(session, group, by)
            fresh = [at for at, each in enumerate(held) if not isinstance(each, Exception)]
            done = self._verb(session, [group[at].wanted for at in fresh], by=by) if fresh else []
            replies = _replies(fresh, done)
            idempotency.keep(
                session,
                [(each, replies[at]) for at, each in enumerate(held) if isinstance(each, Claim)],
            )
        return [
            each if isinstance(each, Exception) else replies[at] for at, each in enumerate(held)
        ]


def joint(app: FastAPI, verb: Verb) -> Joint:
    """The one place of an application where a verb's requests are answered."""
    if not hasattr(app.state, "joints"):
        app.state.joints = {}
    joints: dict[Verb, Joint] = app.state.joints
    if verb not in joints:
        joints[verb] = Joint(app, verb)
    return joints[verb]


class _Refused(Exception):
    """The verb refuses some of a group, by their place in it."""

    def __init__(self, whom: dict[int, AidError]) -> None:
        super().__init__("refused")
        self.whom = whom


def _replies(fresh: Sequence[int], done: Sequence[Reply | AidError]) -> dict[int, Response]:
    """The replies by place. Raises _Refused where there is one who gets none."""
    told = dict(zip(fresh, done, strict=True))
    if refused := {at: each for at, each in told.items() if isinstance(each, AidError)}:
        raise _Refused(refused)
    return {at: each.response() for at, each in told.items() if isinstance(each, Reply)}


def _held(session: Session, group: Sequence[Asked], by: Actor) -> list[Claim | Exception | None]:
    """Each one's key, held; what answers it already; or None, where it came without a key."""
    keyed = {at: one.caller.key for at, one in enumerate(group) if one.caller.key is not None}
    found = idempotency.claim(session, list(keyed.values()), actor_id=by.id)
    held = dict(zip(keyed, found, strict=True))
    return [held.get(at) for at in range(len(group))]
