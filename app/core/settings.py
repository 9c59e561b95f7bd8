"""What the service is told from outside: `AID_*` variables and nothing else."""

import base64
import binascii
import os
from datetime import date
from enum import StrEnum
from functools import lru_cache
from pathlib import Path
from typing import Literal, Self

from pydantic import Field, SecretStr, ValidationError, field_validator, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError

DEVELOPMENT_SECRET = "for-trying-only-never-in-production-0123456789"  # noqa: S105 refused there
DEVELOPMENT_KEY = base64.b64encode(b"for-trying-only-32-bytes-long-k!").decode()
SECRET_BYTES_MIN = 32
KEY_BYTES = 32


class Mode(StrEnum):
    """How the service is run; only demo and test may set the office day."""

    DEVELOPMENT = "development"
    DEMO = "demo"
    TEST = "test"
    PRODUCTION = "production"


class SettingsWrong(Exception):
    """What is set does not allow a start; the text is for the operator and says what to change."""


class Settings(BaseSettings):
    """Every setting, its default, and what it means (`docs/operations.md` explains each)."""

    model_config = SettingsConfigDict(env_prefix="AID_", extra="ignore", frozen=True)

    mode: Mode = Mode.DEVELOPMENT
    database_url: SecretStr | None = None
    owner_database_url: SecretStr | None = None
    postgres_bin: Path | None = None
    data_dir: Path = Path("var")
    secret: SecretStr = SecretStr(DEVELOPMENT_SECRET)
    encryption_key: SecretStr = SecretStr(DEVELOPMENT_KEY)
    cipher: Literal["aes-256-gcm", "sm4-gcm"] = "aes-256-gcm"
    catalogue: str = "jining-2008"
    centre_name: str = "济宁市学生资助管理中心"
    office_day: date | None = None
    seal_key_file: Path | None = None
    review_ask_days: int = 10
    late_working_days: int = 5
    unknown_working_days: int = 3
    correction_working_days: int = 10
    pool_size: int = 20
    host: str = "127.0.0.1"
    port: int = 8000
    worker: bool = True
    jobs_at_once: int = Field(default_factory=lambda: max(1, (os.cpu_count() or 1) // 2))
    json_bytes_max: int = 1024 * 1024
    upload_bytes_max: int = 64 * 1024 * 1024
    roll_bytes_max: int = 256 * 1024 * 1024
    import_bytes_at_once: int = 1024 * 1024
    import_rows_at_once: int = 50

    @field_validator("pool_size")
    @classmethod
    def _pool_is_sane(cls, value: int) -> int:
        if not 2 <= value <= 200:  # noqa: PLR2004
            raise ValueError("AID_POOL_SIZE must be between 2 and 200")
        return value

    @field_validator("jobs_at_once")
    @classmethod
    def _jobs_leave_room(cls, value: int) -> int:
        if not 1 <= value <= 16:  # noqa: PLR2004
            raise ValueError("AID_JOBS_AT_ONCE must be between 1 and 16")
        return value

    @field_validator("review_ask_days")
    @classmethod
    def _families_have_days(cls, value: int) -> int:
        if not 1 <= value <= 60:  # noqa: PLR2004
            raise ValueError("AID_REVIEW_ASK_DAYS must be between 1 and 60 working days")
        return value

    @field_validator("late_working_days", "unknown_working_days")
    @classmethod
    def _bank_has_days(cls, value: int) -> int:
        if not 1 <= value <= 60:  # noqa: PLR2004
            raise ValueError(
                "AID_LATE_WORKING_DAYS and AID_UNKNOWN_WORKING_DAYS must be between 1 and 60"
            )
        return value

    @field_validator("correction_working_days")
    @classmethod
    def _schools_have_days(cls, value: int) -> int:
        if not 1 <= value <= 60:  # noqa: PLR2004
            raise ValueError("AID_CORRECTION_WORKING_DAYS must be between 1 and 60 working days")
        return value

    @field_validator("database_url", "owner_database_url")
    @classmethod
    def _is_a_url(cls, value: SecretStr | None) -> SecretStr | None:
        if value is None:
            return None
        form = "must have the form postgresql://user:password@host/database"
        try:
            parsed = make_url(value.get_secret_value())
        except (ArgumentError, ValueError):
            raise ValueError(form) from None
        if not parsed.drivername.startswith("postgresql"):
            raise ValueError(form)
        return value

    @field_validator("encryption_key")
    @classmethod
    def _key_is_whole(cls, value: SecretStr) -> SecretStr:
        try:
            raw = base64.b64decode(value.get_secret_value(), validate=True)
        except binascii.Error as error:
            raise ValueError("AID_ENCRYPTION_KEY must be base64 of 32 bytes") from error
        if len(raw) != KEY_BYTES:
            raise ValueError("AID_ENCRYPTION_KEY must be base64 of 32 bytes")
        return value

    @model_validator(mode="after")
    def _fits_the_mode(self) -> Self:
        if len(self.secret.get_secret_value().encode()) < SECRET_BYTES_MIN:
            raise ValueError(f"AID_SECRET must be at least {SECRET_BYTES_MIN} bytes long")
        if self.mode is Mode.PRODUCTION:
            if self.secret.get_secret_value() == DEVELOPMENT_SECRET:
                raise ValueError("AID_SECRET still has its development value; set your own")
            if self.encryption_key.get_secret_value() == DEVELOPMENT_KEY:
                raise ValueError("AID_ENCRYPTION_KEY still has its development value; set your own")
            if self.database_url is None:
                raise ValueError("AID_DATABASE_URL must be set where AID_MODE=production")
        if self.office_day is not None and not self.day_can_be_set:
            raise ValueError("AID_OFFICE_DAY is allowed only where AID_MODE is demo or test")
        return self

    @property
    def day_can_be_set(self) -> bool:
        """Whether the office day may differ from the calendar's."""
        return self.mode in {Mode.DEMO, Mode.TEST}


def load(environment: dict[str, str] | None = None) -> Settings:
    """The settings of this process. Raises SettingsWrong with one line that names the variable."""
    names = os.environ if environment is None else environment
    known = {f"AID_{name.upper()}" for name in Settings.model_fields}
    unknown = sorted(name for name in names if name.startswith("AID_") and name not in known)
    if unknown:
        raise SettingsWrong(
            f"unknown setting {', '.join(unknown)}; known are {', '.join(sorted(known))}"
        )
    try:
        return Settings()
    except ValidationError as error:
        lines = []
        for wrong in error.errors(include_url=False, include_input=False):
            name = "_".join(str(part) for part in wrong["loc"]).upper()
            message = wrong["msg"].removeprefix("Value error, ")
            lines.append(message if "AID_" in message else f"AID_{name}: {message}")
        raise SettingsWrong("; ".join(lines)) from None


@lru_cache(maxsize=1)
def get() -> Settings:
    """The settings, read once."""
    return load()
