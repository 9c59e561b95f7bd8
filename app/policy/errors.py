"""What the policy refuses."""

from app.core.errors import Conflict, Invalid, NotFound


class CatalogueInvalid(Invalid):
    """The catalogue is broken; `faults` names every place and what is allowed there."""

    code = "catalogue-invalid"


class PeriodInvalid(Invalid):
    """The text is no period, or not one this programme is applied for."""

    code = "period-invalid"


class FactsInvalid(Invalid):
    """Facts were given that the vocabulary does not know, or values it does not allow."""

    code = "facts-invalid"


class ProgrammeNotFound(NotFound):
    """The catalogue has no programme of that code."""

    code = "programme-not-found"


class PolicyVersionNotFound(NotFound):
    """The programme had no version in force for that period."""

    code = "policy-version-not-found"


class PolicyVersionChanged(Conflict):
    """The catalogue's files say something else about a version that is published already."""

    code = "policy-version-changed"
