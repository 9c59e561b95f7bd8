"""What the policy refuses."""

from app.core.errors import Conflict, Forbidden, Invalid, NotFound


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


class DraftInvalid(Invalid):
    """A drafted version is broken or reckons its own examples otherwise; every fault is listed."""

    code = "policy-draft-invalid"


class DraftNotFound(NotFound):
    """The programme has no such draft."""

    code = "policy-draft-not-found"


class DraftSettled(Conflict):
    """The draft has been approved or withdrawn already."""

    code = "policy-draft-settled"


class DraftOwn(Forbidden):
    """Who drafted a version cannot approve it."""

    code = "four-eyes"


class DraftTaken(Conflict):
    """Another draft of the same first period came at the same moment."""

    code = "policy-draft-taken"


class DraftOvertaken(Conflict):
    """A greater revision from the same period has been published meanwhile."""

    code = "policy-draft-overtaken"
