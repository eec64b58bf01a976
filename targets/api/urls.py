"""API routes of the target layer."""

from django.urls import path

from targets.api import objectives

urlpatterns = [
    path("objectives/", objectives.ObjectiveList.as_view(), name="api_objective_list"),
    path("objectives/<str:code>/", objectives.ObjectiveDetail.as_view(), name="api_objective_detail"),
]
