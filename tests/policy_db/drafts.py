"""A version of the boarders' subsidy as an officer would write it: 600 and 900 yuan a year."""

import copy
from typing import Any

_CRITERIA = (
    ("stage", "stage IN ('primary', 'junior')"),
    ("school_area", "school_area IN ('rural', 'town')"),
    ("boards", "boards"),
    ("hardship", "hardship >= 1"),
)
_GIVEN = {"stage": "primary", "school_area": "rural", "boards": True, "hardship": 1}


def _example(gives: dict[str, Any], **given: Any) -> dict[str, Any]:
    return {"given": {**_GIVEN, **given}, "gives": gives}


_VERSION: dict[str, Any] = {
    "effective_from": "2008-spring",
    "source": "made up for a test",
    "criterion": [
        {"id": name, "test": test, "zh": name, "en": name} for name, test in _CRITERIA
    ],
    "amount": [
        {"when": "stage = 'primary'", "yuan": "600.00"},
        {"when": "stage = 'junior'", "yuan": "900.00"},
    ],
    "funding": [{"source": "county", "basis_points": 10000}],
    "example": [
        _example({"eligible": True, "year": "600.00", "instalments": ["300.00"]}),
        _example({"eligible": True, "year": "900.00"}, stage="junior"),
        _example({"eligible": False, "failed": ["hardship"]}, hardship=0),
        _example({"eligible": False, "failed": ["boards"]}, boards=False),
        _example({"eligible": False, "failed": ["school_area"]}, school_area="city"),
    ],
}  # fmt: skip


def version(**changed: Any) -> dict[str, Any]:
    """The version with parts replaced; None leaves a part out."""
    made = {**copy.deepcopy(_VERSION), **changed}
    return {name: value for name, value in made.items() if value is not None}
