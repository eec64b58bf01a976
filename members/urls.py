"""Routes of the element layer, under one alliance."""

from django.urls import URLPattern, path

from members.views import expert, institution, institution_import, portal

urlpatterns: list[URLPattern] = [
    path("console/institutions/", institution.institution_list, name="institution_list"),
    path("console/institutions/new/", institution.institution_add, name="institution_add"),
    path("console/institutions/imports/", institution_import.institution_import_list, name="institution_import_list"),
    path(
        "console/institutions/imports/new/",
        institution_import.institution_import_upload,
        name="institution_import_upload",
    ),
    path(
        "console/institutions/imports/of-job/<uuid:uuid>/",
        institution_import.institution_import_of_job,
        name="institution_import_of_job",
    ),
    path(
        "console/institutions/imports/<uuid:uuid>/",
        institution_import.institution_import_detail,
        name="institution_import_detail",
    ),
    path(
        "console/institutions/imports/<uuid:uuid>/mapping/",
        institution_import.institution_import_mapping,
        name="institution_import_mapping",
    ),
    path(
        "console/institutions/imports/<uuid:uuid>/progress/",
        institution_import.institution_import_progress,
        name="institution_import_progress",
    ),
    path(
        "console/institutions/imports/<uuid:uuid>/check/",
        institution_import.institution_import_check,
        name="institution_import_check",
    ),
    path(
        "console/institutions/imports/<uuid:uuid>/start/",
        institution_import.institution_import_start,
        name="institution_import_start",
    ),
    path(
        "console/institutions/imports/<uuid:uuid>/stop/",
        institution_import.institution_import_stop,
        name="institution_import_stop",
    ),
    path(
        "console/institutions/imports/<uuid:uuid>/refused-rows/",
        institution_import.institution_import_faults,
        name="institution_import_faults",
    ),
    path("console/institutions/<slug:code>/", institution.institution_detail, name="institution_detail"),
    path("console/institutions/<slug:code>/edit/", institution.institution_edit, name="institution_edit"),
    path("console/institutions/<slug:code>/elements/new/", institution.supply_add, name="supply_add"),
    path("console/institutions/<slug:code>/elements/<int:supply>/end/", institution.supply_end, name="supply_end"),
    path("console/institutions/<slug:code>/<slug:step>/", institution.institution_step, name="institution_step"),
    path("portal/institution/", portal.portal_institution, name="portal_institution"),
    path("portal/institution/<slug:code>/", portal.portal_institution_detail, name="portal_institution_detail"),
    path("portal/institution/<slug:code>/edit/", portal.portal_institution_edit, name="portal_institution_edit"),
    # Experts: the same pages for the office and for members.
    path("experts/", expert.public_expert_list, name="public_expert_list"),
    path("console/experts/", expert.expert_list, {"area": "console"}, name="expert_list"),
    path("console/experts/new/", expert.expert_new, {"area": "console"}, name="expert_new"),
    path("console/experts/<slug:code>/", expert.expert_detail, {"area": "console"}, name="expert_detail"),
    path("console/experts/<slug:code>/edit/", expert.expert_edit, {"area": "console"}, name="expert_edit"),
    path("console/experts/<slug:code>/consent/", expert.expert_consent, {"area": "console"}, name="expert_consent"),
    path("console/experts/<slug:code>/end/", expert.expert_end, {"area": "console"}, name="expert_end"),
    path(
        "console/experts/<slug:code>/interests/new/",
        expert.expert_interest_new,
        {"area": "console"},
        name="expert_interest_new",
    ),
    path(
        "console/experts/<slug:code>/interests/<int:interest>/end/",
        expert.expert_interest_end,
        {"area": "console"},
        name="expert_interest_end",
    ),
    path("portal/experts/", expert.expert_list, {"area": "portal"}, name="portal_expert_list"),
    path("portal/experts/new/", expert.expert_new, {"area": "portal"}, name="portal_expert_new"),
    path("portal/experts/<slug:code>/", expert.expert_detail, {"area": "portal"}, name="portal_expert_detail"),
    path("portal/experts/<slug:code>/edit/", expert.expert_edit, {"area": "portal"}, name="portal_expert_edit"),
    path("portal/experts/<slug:code>/consent/", expert.expert_consent, {"area": "portal"}, name="portal_expert_consent"),
    path("portal/experts/<slug:code>/end/", expert.expert_end, {"area": "portal"}, name="portal_expert_end"),
    path(
        "portal/experts/<slug:code>/interests/new/",
        expert.expert_interest_new,
        {"area": "portal"},
        name="portal_expert_interest_new",
    ),
    path(
        "portal/experts/<slug:code>/interests/<int:interest>/end/",
        expert.expert_interest_end,
        {"area": "portal"},
        name="portal_expert_interest_end",
    ),
]
