"""API routes of the service layer."""

from django.urls import path

from services.api import catalogue

urlpatterns = [
    path("catalogue/", catalogue.EntryList.as_view(), name="api_entry_list"),
    path("catalogue/<str:code>/", catalogue.EntryDetail.as_view(), name="api_entry_detail"),
    path("catalogue/<str:code>/ratings/", catalogue.RatingCollection.as_view(), name="api_rating_list"),
    path("listings/", catalogue.ListingList.as_view(), name="api_listing_list"),
    path("listings/<str:code>/", catalogue.ListingDetail.as_view(), name="api_listing_detail"),
]
