"""A day in a request is ISO text; nothing else is guessed to be one."""

from datetime import date

import pytest
from pydantic import BaseModel, ValidationError

from app.core.days import Day


class Asked(BaseModel):
    on: Day
    until: Day | None = None


def test_an_iso_day_is_read() -> None:
    assert Asked.model_validate({"on": "2008-02-29"}) == Asked(on="2008-02-29")
    assert Asked.model_validate({"on": "2008-02-29", "until": None}).on == date(2008, 2, 29)


@pytest.mark.parametrize(
    "wrong",
    [0, 20080430, 1.5, True, "0", "20080430", "2008-4-30", "2008-02-30", "2008-04-30T00:00"],
)
def test_what_only_looks_like_a_day_is_refused(wrong: object) -> None:
    with pytest.raises(ValidationError):
        Asked.model_validate({"on": wrong})
