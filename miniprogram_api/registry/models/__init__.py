"""Tables of the exchange, a module per noun."""

from miniprogram_api.registry.models.announcements import Announcement, Sending
from miniprogram_api.registry.models.corrections import Correction
from miniprogram_api.registry.models.dead_letters import DeadLetter, DeadLetterClass, DeadLetterState
from miniprogram_api.registry.models.dictionaries import HeldDictionary, UnknownCode
from miniprogram_api.registry.models.doorbells import Doorbell
from miniprogram_api.registry.models.feed import Feed
from miniprogram_api.registry.models.objections import (
    Finding,
    HeldBecause,
    Objection,
    ObjectionFile,
    ObjectionState,
    ObjectionStep,
)
from miniprogram_api.registry.models.partners import (
    KeyKind,
    PartnerClient,
    PartnerKey,
    PartnerToken,
    UsedOnce,
)
from miniprogram_api.registry.models.projects import HeldProject, ProjectState
from miniprogram_api.registry.models.reconciliation import Difference, ReconciliationReport, ReportAck
from miniprogram_api.registry.models.subscriptions import EventSubscription
from miniprogram_api.registry.models.withdrawals import WithdrawalCall, WithdrawalCase, WithdrawalState

__all__ = [
    "Announcement",
    "Correction",
    "DeadLetter",
    "DeadLetterClass",
    "DeadLetterState",
    "Difference",
    "Doorbell",
    "EventSubscription",
    "Feed",
    "Finding",
    "HeldBecause",
    "HeldDictionary",
    "HeldProject",
    "KeyKind",
    "Objection",
    "ObjectionFile",
    "ObjectionState",
    "ObjectionStep",
    "PartnerClient",
    "PartnerKey",
    "PartnerToken",
    "ProjectState",
    "ReconciliationReport",
    "ReportAck",
    "Sending",
    "UnknownCode",
    "UsedOnce",
    "WithdrawalCall",
    "WithdrawalCase",
    "WithdrawalState",
]
