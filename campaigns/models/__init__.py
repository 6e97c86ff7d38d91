"""Every table of Loa. Statements that use them are in ``campaigns.store``."""

from campaigns.models.access import AuditEntry, Role, User, user_role
from campaigns.models.areas import Area, AreaSuccessor
from campaigns.models.base import Base
from campaigns.models.campaigns import (
    Batch,
    Campaign,
    CampaignPace,
    CampaignTrouble,
    Message,
    ParkedReceipt,
    Submission,
)
from campaigns.models.content import Template, TemplateVersion
from campaigns.models.gateways import Gateway, GatewayChange, GatewayHealth, GatewaySession, Route
from campaigns.models.imports import ImportJob
from campaigns.models.people import Contact, InboundMessage, InboundWord, OptOut
from campaigns.models.subjects import Breach, Processor, SubjectRequest

__all__ = [
    "Area",
    "AreaSuccessor",
    "AuditEntry",
    "Base",
    "Batch",
    "Breach",
    "Campaign",
    "CampaignPace",
    "CampaignTrouble",
    "Contact",
    "Gateway",
    "GatewayChange",
    "GatewayHealth",
    "GatewaySession",
    "ImportJob",
    "InboundMessage",
    "InboundWord",
    "Message",
    "OptOut",
    "ParkedReceipt",
    "Processor",
    "Role",
    "Route",
    "SubjectRequest",
    "Submission",
    "Template",
    "TemplateVersion",
    "User",
    "user_role",
]
