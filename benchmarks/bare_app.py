"""A bare service as the floor of ours: one SELECT by key, one committed INSERT, no more.

    python -m benchmarks.bare_app PORT        with BARE_DATABASE_URL

No tokens, no scope, no audit, no idempotency. The server, its settings and the pool are ours.
"""

import os
import sys
from collections.abc import Iterator
from contextlib import asynccontextmanager
from functools import cache
from typing import Annotated, Any
from uuid import UUID, uuid4

import anyio.to_thread
import uvicorn
from fastapi import Depends, FastAPI
from sqlalchemy import Engine
from sqlalchemy.engine import make_url
from sqlmodel import Field, Session, SQLModel, create_engine

POOL_SIZE = 20


class BareBase(SQLModel):
    """What is handed in."""

    student_name: str = Field(max_length=80)
    grade: int
    amount_fen: int


class BareCase(BareBase, table=True):
    """A row with a key."""

    __tablename__ = "bare_case"
    id: UUID = Field(default_factory=uuid4, primary_key=True)


@cache
def _engine() -> Engine:
    url = make_url(os.environ["BARE_DATABASE_URL"]).set(drivername="postgresql+psycopg")
    return create_engine(url, pool_size=POOL_SIZE, max_overflow=0)


def _session() -> Iterator[Session]:
    with Session(_engine()) as session:
        yield session


@asynccontextmanager
async def _life(app: FastAPI) -> Any:
    del app
    anyio.to_thread.current_default_thread_limiter().total_tokens = POOL_SIZE
    yield


app = FastAPI(lifespan=_life)
DbSession = Annotated[Session, Depends(_session)]


@app.get("/bare/{key}")
def show(key: UUID, session: DbSession) -> BareCase:
    """One row by its key."""
    return session.get_one(BareCase, key)


@app.post("/bare", status_code=201)
def add(wanted: BareBase, session: DbSession) -> BareCase:
    """One row more, committed."""
    made = BareCase.model_validate(wanted)
    session.add(made)
    session.commit()
    session.refresh(made)
    return made


if __name__ == "__main__":
    uvicorn.run(app, host="127.0.0.1", port=int(sys.argv[1]), log_level="warning")
