"""API routes of the organisational layer."""

from django.urls import path

from groups.api import groups

urlpatterns = [
    path("groups/", groups.GroupList.as_view(), name="api_group_list"),
    path("groups/<str:code>/", groups.GroupDetail.as_view(), name="api_group_detail"),
    path("coverage/", groups.CoverageDetail.as_view(), name="api_coverage"),
]
