"""Routes of the organisational layer, under one alliance."""

from django.urls import URLPattern, path

from groups.views import conflict, directive, group, interest

urlpatterns: list[URLPattern] = [
    path("console/groups/", group.group_list, name="group_list"),
    path("console/groups/establish/", group.group_establish, name="group_establish"),
    path("console/groups/jobs/<uuid:uuid>/", group.group_job, name="group_job"),
    path("console/groups/<slug:kind>/", group.group_detail, name="group_detail"),
    path("console/groups/<slug:kind>/<slug:code>/leave/", group.seat_leave, name="seat_leave"),
    path("console/groups/<slug:kind>/<slug:code>/role/", group.seat_role, name="seat_role"),
    path("console/coverage/", group.coverage_detail, name="coverage_detail"),
    path("console/coverage/<slug:kind>/<slug:element>/", group.coverage_cell, name="coverage_cell"),
    # Conflicts of interest and declarations
    path("console/conflicts/", conflict.conflict_list, name="conflict_list"),
    path("console/conflicts/matter/<str:matter>/", conflict.conflict_matter, name="conflict_matter"),
    path(
        "console/conflicts/waivers/<int:waiver>/<slug:answer>/",
        conflict.conflict_waiver_settle,
        name="conflict_waiver_settle",
    ),
    path("console/conflicts/<int:conflict>/", conflict.conflict_detail, name="conflict_detail"),
    path("console/conflicts/<int:conflict>/<slug:ruling>/", conflict.conflict_rule, name="conflict_rule"),
    path("console/declarations/", interest.declaration_list, name="declaration_list"),
    path("console/declarations/<slug:code>/", interest.declaration_detail, name="declaration_detail"),
    path("portal/interests/", interest.portal_interest_list, name="portal_interest_list"),
    path("portal/interests/new/", interest.portal_interest_new, name="portal_interest_new"),
    path("portal/interests/matter/", interest.portal_conflict_new, name="portal_conflict_new"),
    path("portal/interests/<int:interest>/withdraw/", interest.portal_interest_withdraw, name="portal_interest_withdraw"),
    # Directives between levels
    path("console/directives/", directive.directive_list, name="directive_list"),
    path("console/directives/new/", directive.directive_new, name="directive_new"),
    path("console/directives/received/", directive.received_directive_list, name="received_directive_list"),
    path(
        "console/directives/received/<slug:code>/",
        directive.received_directive_detail,
        name="received_directive_detail",
    ),
    path(
        "console/directives/received/<slug:code>/acknowledge/",
        directive.received_directive_acknowledge,
        name="received_directive_acknowledge",
    ),
    path("console/directives/<slug:code>/", directive.directive_detail, name="directive_detail"),
    path("console/directives/<slug:code>/edit/", directive.directive_edit, name="directive_edit"),
    path("console/directives/<slug:code>/close/", directive.directive_close, name="directive_close"),
]
