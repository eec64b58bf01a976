"""API routes of the organisational layer."""

from django.urls import path

from groups.api import directives, groups, guard

urlpatterns = [
    path("groups/", groups.GroupList.as_view(), name="api_group_list"),
    path("groups/<str:code>/", groups.GroupDetail.as_view(), name="api_group_detail"),
    # Conflicts of interest, directives
    path("conflicts/", guard.ConflictList.as_view(), name="api_conflict_list"),
    path("interest-declarations/", guard.DeclarationList.as_view(), name="api_declaration_list"),
    path("directives/", directives.DirectiveList.as_view(), name="api_directive_list"),
    path("directives/<str:code>/", directives.DirectiveDetail.as_view(), name="api_directive_detail"),
    path("received-directives/", directives.ReceivedDirectiveList.as_view(), name="api_received_directive_list"),
    path(
        "received-directives/<str:code>/",
        directives.ReceivedDirectiveDetail.as_view(),
        name="api_received_directive_detail",
    ),
    path(
        "received-directives/<str:code>/acknowledgement/",
        directives.Acknowledgement.as_view(),
        name="api_directive_acknowledgement",
    ),
    path("received-directives/<str:code>/report/", directives.Report.as_view(), name="api_directive_report"),
    path("coverage/", groups.CoverageDetail.as_view(), name="api_coverage"),
]
