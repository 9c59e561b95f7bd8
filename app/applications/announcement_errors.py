"""What announcing, objecting and confirming refuse."""

from app.core.errors import Conflict, Forbidden, Invalid, NotFound


class NoticeDaysTooFew(Invalid):
    """The centre's notice must run for more working days; both figures are in facts."""

    code = "announcement.too-short"


class NothingToAnnounce(Conflict):
    """No approved case matches."""

    code = "announcement.nothing"


class CaseNotInNotice(Conflict):
    """The case stands in no open notice, so nobody can object to it."""

    code = "objection.not-in-notice"


class ObjectionUnknown(NotFound):
    """No such objection within the caller's scope."""

    code = "objection.unknown"


class ObjectionSettled(Conflict):
    """The objection was settled before; the state is in facts."""

    code = "objection.settled"


class SettlerDecided(Forbidden):
    """Four eyes: who handed in or decided a case does not settle an objection to it."""

    code = "objection.four-eyes"
