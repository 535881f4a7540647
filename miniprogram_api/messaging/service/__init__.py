"""Commands of messaging, a module per noun; what the features above tell members with is offered here."""

from miniprogram_api.messaging.models import MessageKind
from miniprogram_api.messaging.service.inbox import tell

__all__ = ["MessageKind", "tell"]
