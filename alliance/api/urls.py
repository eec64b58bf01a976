"""The API of one alliance, version 1: each layer adds its routes; whatever matches none is answered as a problem."""

from __future__ import annotations

from django.urls import include, path, re_path

from alliance.api import log, views

urlpatterns = [
    path("schema/", views.SchemaView.as_view(), name="api_schema"),
    path("docs/", views.documentation, name="api_docs"),
    path("oauth/token/", views.TokenEndpoint.as_view(), name="api_token"),
    path("problems/", views.ProblemList.as_view(), name="api_problem_list"),
    path("log/head/", log.LogHead.as_view(), name="api_log_head"),
    path("log/consistency/", log.LogConsistency.as_view(), name="api_log_consistency"),
    path("log/inclusion/<uuid:entry>/", log.LogInclusion.as_view(), name="api_log_inclusion"),
    path("", include("members.api.urls")),
    path("", include("groups.api.urls")),
    path("", include("operations.api.urls")),
    path("", include("services.api.urls")),
    path("", include("targets.api.urls")),
    path("", include("evaluation.api.urls")),
    re_path(r"^.*$", views.UnknownRoute.as_view(), name="api_unknown"),
]
