"""Models of the organisational layer."""

from groups.models.charter import CharterAcceptance, CharterArticle, CharterVersion, Responsibility, ResponsibilityReport
from groups.models.conflict import ConflictOfInterest
from groups.models.consortium import Consortium, ConsortiumFile, ConsortiumMembership
from groups.models.declaration import ConflictWaiver, Interest, InterestDeclaration
from groups.models.directive import Directive, DirectiveDelivery, ReceivedDirective
from groups.models.dispute import Dispute, DisputeStep
from groups.models.group import GroupMembership, Position, SeatAlternate, SeatInvitation, Term, VirtualGroup
from groups.models.meeting import AgendaItem, Attendance, Meeting, MeetingAction, MeetingPaper, Minutes, MinutesComment
from groups.models.motion import BallotEnvelope, BallotPaper, Motion, MotionElector, Participation, Proxy, Teller, Vote

__all__ = [
    "AgendaItem",
    "Attendance",
    "BallotEnvelope",
    "BallotPaper",
    "CharterAcceptance",
    "CharterArticle",
    "CharterVersion",
    "ConflictOfInterest",
    "ConflictWaiver",
    "Consortium",
    "ConsortiumFile",
    "ConsortiumMembership",
    "Directive",
    "DirectiveDelivery",
    "Dispute",
    "DisputeStep",
    "GroupMembership",
    "Interest",
    "InterestDeclaration",
    "Meeting",
    "MeetingAction",
    "MeetingPaper",
    "Minutes",
    "MinutesComment",
    "Motion",
    "MotionElector",
    "Participation",
    "Position",
    "Proxy",
    "ReceivedDirective",
    "Responsibility",
    "ResponsibilityReport",
    "SeatAlternate",
    "SeatInvitation",
    "Teller",
    "Term",
    "VirtualGroup",
    "Vote",
]
