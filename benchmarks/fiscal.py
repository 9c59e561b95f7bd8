"""The rule of six criteria as an openfisca-core system, along its documented fast way.

Arrays go in whole by `set_input`, texts as fixed-width arrays (object arrays take it longer);
the formulas are vectorised, and what they share is calculated once.
"""

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import polars as pl
from openfisca_core.entities import Entity
from openfisca_core.indexed_enums import Enum
from openfisca_core.periods import DateUnit
from openfisca_core.simulations import SimulationBuilder
from openfisca_core.taxbenefitsystems import TaxBenefitSystem
from openfisca_core.variables import Variable

from app.policy.facts import FACTS

CRITERIA = ("stage", "area", "boards", "hardship", "household", "income")
_RESULTS = (*(f"met_{name}" for name in CRITERIA), "eligible", "year_fen")
_YEAR = "2008"

_STUDENT = Entity("student", "students", "", "")
_STAGE = Enum("stage", {name: name for name in FACTS["stage"].listed})
_AREA = Enum("school_area", {name: name for name in FACTS["school_area"].listed})

Arrays = Mapping[str, Any]
Formula = Callable[[Any, Any], Any]


def system() -> TaxBenefitSystem:
    """The six facts, the six criteria, whether all are met, and the amount."""
    made = TaxBenefitSystem([_STUDENT])
    made.add_variables(
        _variable("stage", Enum, possible_values=_STAGE, default_value=_STAGE.primary),
        _variable("school_area", Enum, possible_values=_AREA, default_value=_AREA.rural),
        _variable("boards", bool),
        _variable("hardship", int),
        _variable("household_size", int),
        _variable("income_per_head_fen", int),
        *(_variable(name, bool, formula=formula) for name, formula in _TESTS.items()),
        _variable("eligible", bool, formula=_eligible),
        _variable("year_fen", int, formula=_year_fen),
    )
    return made


def arrays(frame: pl.DataFrame) -> Arrays:
    """The frame's columns as numpy arrays, texts as texts."""
    return {
        column.name: np.array(column.to_list()) if column.dtype == pl.String else column.to_numpy()
        for column in frame
    }


def encoded(made: TaxBenefitSystem, texts: Arrays) -> Arrays:
    """The same with the texts encoded beforehand, which is most of what openfisca-core does."""
    return {
        name: made.get_variable(name).possible_values.encode(column)
        if column.dtype.kind == "U"
        else column
        for name, column in texts.items()
    }


def calculated(made: TaxBenefitSystem, given: Arrays) -> dict[str, Any]:
    """Builds a simulation from the arrays and calculates every result."""
    count = len(next(iter(given.values())))
    simulation = SimulationBuilder().build_default_simulation(made, count=count)
    for name, column in given.items():
        simulation.set_input(name, _YEAR, column)
    return {name: simulation.calculate(name, _YEAR) for name in _RESULTS}


def _variable(name: str, kind: type, **more: Any) -> type[Variable]:
    shape = {"value_type": kind, "entity": _STUDENT, "definition_period": DateUnit.YEAR}
    return type(name, (Variable,), {**shape, "label": name, **more})


def _stage(student: Any, period: Any) -> Any:
    stage = student("stage", period)
    return (stage == _STAGE.senior) + (stage == _STAGE.vocational)


def _area(student: Any, period: Any) -> Any:
    area = student("school_area", period)
    return (area == _AREA.rural) + (area == _AREA.town)


def _eligible(student: Any, period: Any) -> Any:
    met = student("met_stage", period)
    for name in CRITERIA[1:]:
        met = met * student(f"met_{name}", period)
    return met


def _year_fen(student: Any, period: Any) -> Any:
    level = student("hardship", period)
    amount = np.select([level == 3, level == 2], [300_000, 200_000], default=100_000)
    return np.where(student("eligible", period), amount, 0)


_TESTS: Mapping[str, Formula] = {
    "met_stage": _stage,
    "met_area": _area,
    "met_boards": lambda student, period: student("boards", period),
    "met_hardship": lambda student, period: student("hardship", period) >= 1,
    "met_household": lambda student, period: student("household_size", period) >= 3,
    "met_income": lambda student, period: student("income_per_head_fen", period) <= 800_000,
}
