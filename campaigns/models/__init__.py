"""Every table of Loa. Statements that use them are in ``campaigns.store``."""

from campaigns.models.access import (
    AuditCheck,
    AuditEntry,
    Department,
    Invite,
    Passkey,
    RecoveryCode,
    Role,
    SignedIn,
    User,
    user_area,
    user_department,
    user_role,
)
from campaigns.models.advertising import Consent, DoNotCall, DoNotCallList, SenderName
from campaigns.models.areas import Area, AreaSuccessor
from campaigns.models.base import Base
from campaigns.models.campaigns import (
    Batch,
    Campaign,
    CampaignPace,
    CampaignTrouble,
    Holiday,
    Message,
    ParkedReceipt,
    Submission,
)
from campaigns.models.content import Template, TemplateVersion
from campaigns.models.exports import ExportJob
from campaigns.models.gateways import Gateway, GatewayChange, GatewayHealth, GatewaySession, Route
from campaigns.models.imports import ImportJob
from campaigns.models.links import Link, LinkHost, LinkVisit
from campaigns.models.people import Contact, HouseholdMember, InboundMessage, InboundWord, OptOut
from campaigns.models.reviews import CampaignReview
from campaigns.models.subjects import Breach, Processor, SubjectRequest
from campaigns.models.trials import Tariff, TestMessage, TestNumber

__all__ = [
    "Area",
    "AreaSuccessor",
    "AuditCheck",
    "AuditEntry",
    "Base",
    "Batch",
    "Breach",
    "Campaign",
    "CampaignPace",
    "CampaignReview",
    "CampaignTrouble",
    "Consent",
    "Contact",
    "Department",
    "DoNotCall",
    "DoNotCallList",
    "ExportJob",
    "Gateway",
    "GatewayChange",
    "GatewayHealth",
    "GatewaySession",
    "Holiday",
    "HouseholdMember",
    "ImportJob",
    "InboundMessage",
    "InboundWord",
    "Invite",
    "Link",
    "LinkHost",
    "LinkVisit",
    "Message",
    "OptOut",
    "ParkedReceipt",
    "Passkey",
    "Processor",
    "RecoveryCode",
    "Role",
    "Route",
    "SenderName",
    "SignedIn",
    "SubjectRequest",
    "Submission",
    "Tariff",
    "Template",
    "TemplateVersion",
    "TestMessage",
    "TestNumber",
    "User",
    "user_area",
    "user_department",
    "user_role",
]
