"""Why an ISO 20022 message is refused; nothing of a refused message is kept."""

from app.core.errors import Invalid


class MessageTooLarge(Invalid):
    """More bytes than a message may have."""

    code = "iso-message-too-large"


class MessageBroken(Invalid):
    """The bytes are no well-formed message of the kind that was expected."""

    code = "iso-message-broken"


class MessageForbidden(Invalid):
    """The message carries a document type declaration, which no bank's message has."""

    code = "iso-message-forbidden"


class MessageTotalsDiffer(Invalid):
    """A count or sum that the message states is not that of its own lines."""

    code = "iso-totals-differ"
