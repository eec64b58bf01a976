"""Routes of the target layer, under one alliance, with the start pages of console and portal."""

from django.urls import URLPattern, path

from targets.views import dashboard, objective, portal

urlpatterns: list[URLPattern] = [
    path("console/", dashboard.dashboard, name="dashboard"),
    path("console/objectives/", objective.objective_list, name="objective_list"),
    path("console/objectives/new/", objective.objective_create, name="objective_create"),
    path("console/objectives/<str:code>/", objective.objective_detail, name="objective_detail"),
    path("console/objectives/<str:code>/change/", objective.objective_change, name="objective_change"),
    path("console/objectives/<str:code>/report/", objective.measurement_report, name="measurement_report"),
    path("portal/", portal.portal_home, name="portal_home"),
]
