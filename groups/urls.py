"""Routes of the organisational layer, under one alliance."""

from django.urls import URLPattern, path

from groups.views import conflict, group

urlpatterns: list[URLPattern] = [
    path("console/groups/", group.group_list, name="group_list"),
    path("console/groups/establish/", group.group_establish, name="group_establish"),
    path("console/groups/jobs/<uuid:uuid>/", group.group_job, name="group_job"),
    path("console/groups/<slug:kind>/", group.group_detail, name="group_detail"),
    path("console/groups/<slug:kind>/<slug:code>/leave/", group.seat_leave, name="seat_leave"),
    path("console/groups/<slug:kind>/<slug:code>/role/", group.seat_role, name="seat_role"),
    path("console/coverage/", group.coverage_detail, name="coverage_detail"),
    path("console/coverage/<slug:kind>/<slug:element>/", group.coverage_cell, name="coverage_cell"),
    path("console/conflicts/", conflict.conflict_list, name="conflict_list"),
    path("console/conflicts/<int:conflict>/<slug:ruling>/", conflict.conflict_rule, name="conflict_rule"),
]
