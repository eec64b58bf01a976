"""Models of the service layer."""

from services.models.article import Article
from services.models.catalogue import CatalogueEntry, Rating
from services.models.contract import (
    CONCLUDED_CONTRACTS,
    DROPPED_CONTRACTS,
    LIVE_CONTRACTS,
    ClauseVersion,
    Contract,
    ContractAgreement,
    ContractComment,
    ContractParty,
    ContractSeal,
    ContractSignatory,
    ContractSignature,
    ContractTemplate,
    ContractTerms,
)
from services.models.execution import (
    ContractFollowUp,
    ContractNotice,
    ContractPause,
    MilestonePayment,
    MilestoneSubmission,
    SubmissionFile,
)
from services.models.listing import OPEN_LISTINGS, Listing, ListingCheck, ListingFile, ListingParty
from services.models.match import Match, MatchAnswer, MatchCriteria, MatchEvent, MatchRule, MatchRuleProposal
from services.models.matching import ListingText, MatchStatistics, MatchTerm, Posting
from services.models.review import ContractReview, PartyScore, ReviewAppeal, ReviewReply, ReviewSheet

__all__ = [
    "CONCLUDED_CONTRACTS",
    "DROPPED_CONTRACTS",
    "LIVE_CONTRACTS",
    "OPEN_LISTINGS",
    "Article",
    "CatalogueEntry",
    "ClauseVersion",
    "Contract",
    "ContractAgreement",
    "ContractComment",
    "ContractFollowUp",
    "ContractNotice",
    "ContractParty",
    "ContractPause",
    "ContractReview",
    "ContractSeal",
    "ContractSignatory",
    "ContractSignature",
    "ContractTemplate",
    "ContractTerms",
    "Listing",
    "ListingCheck",
    "ListingFile",
    "ListingParty",
    "ListingText",
    "Match",
    "MatchAnswer",
    "MatchCriteria",
    "MatchEvent",
    "MatchRule",
    "MatchRuleProposal",
    "MatchStatistics",
    "MatchTerm",
    "MilestonePayment",
    "MilestoneSubmission",
    "PartyScore",
    "Posting",
    "Rating",
    "ReviewAppeal",
    "ReviewReply",
    "ReviewSheet",
    "SubmissionFile",
]
