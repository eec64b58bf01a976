"""API routes of the service layer."""

from django.urls import path

from services.api import catalogue, contracts, execution, listings, matches, reviews

urlpatterns = [
    path("catalogue/", catalogue.EntryList.as_view(), name="api_entry_list"),
    path("catalogue/<str:code>/", catalogue.EntryDetail.as_view(), name="api_entry_detail"),
    path("catalogue/<str:code>/ratings/", catalogue.RatingCollection.as_view(), name="api_rating_list"),
    path("listings/", listings.ListingCollection.as_view(), name="api_listing_list"),
    path("listings/<str:code>/", listings.ListingDetail.as_view(), name="api_listing_detail"),
    path("listings/<str:code>/changes/", listings.ListingChange.as_view(), name="api_listing_change"),
    path("listings/<str:code>/checks/", listings.ListingVerification.as_view(), name="api_listing_check"),
    path("listings/<str:code>/steps/<str:step>/", listings.ListingStep.as_view(), name="api_listing_step"),
    path("listings/<str:code>/matches/", matches.ListingMatches.as_view(), name="api_listing_matches"),
    path("matches/", matches.MatchList.as_view(), name="api_match_list"),
    path("matches/<str:code>/", matches.MatchDetail.as_view(), name="api_match_detail"),
    path("matches/<str:code>/answer/", matches.MatchAnswerEndpoint.as_view(), name="api_match_answer"),
    path("matches/<str:code>/steps/<str:step>/", matches.MatchStep.as_view(), name="api_match_step"),
    path("contracts/", contracts.ContractList.as_view(), name="api_contract_list"),
    path("contracts/<str:code>/", contracts.ContractDetail.as_view(), name="api_contract_detail"),
    # Execution of contracts
    path(
        "contracts/<str:code>/milestones/<int:number>/steps/<str:step>/",
        execution.MilestoneStep.as_view(),
        name="api_milestone_step",
    ),
    path("contracts/<str:code>/payments/", execution.ContractPayments.as_view(), name="api_contract_payments"),
    path(
        "contracts/<str:code>/payments/<int:number>/steps/<str:step>/",
        execution.PaymentStep.as_view(),
        name="api_payment_step",
    ),
    # Follow-ups and evaluation
    path("contract-evaluations/", reviews.EvaluationList.as_view(), name="api_contract_evaluation_list"),
    path("contract-evaluations/<str:code>/", reviews.EvaluationDetail.as_view(), name="api_contract_evaluation_detail"),
    path("contract-follow-ups/", reviews.FollowUpList.as_view(), name="api_contract_follow_up_list"),
]
