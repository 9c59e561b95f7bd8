"""Closed months: the books and the bank of every holder as they stood."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlmodel import Field, SQLModel

from app.core.columns import json_column, moment_column


class LedgerMonth(SQLModel, table=True):
    """A month that is over, with the bank balance statement of every holder. Append-only."""

    __tablename__ = "ledger_month"
    month: str = Field(primary_key=True, max_length=7)  # 2008-06
    balances: list[dict[str, Any]] = json_column()
    closed_by: UUID
    closed_at: datetime = moment_column()
