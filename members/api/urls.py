"""API routes of the element layer."""

from django.urls import path

from members.api import applications, experts, institutions, resources

urlpatterns = [
    path("applications/", applications.ApplicationList.as_view(), name="api_application_list"),
    path("applications/<str:code>/", applications.ApplicationDetail.as_view(), name="api_application_detail"),
    path("institutions/", institutions.InstitutionList.as_view(), name="api_institution_list"),
    path("institutions/<str:code>/", institutions.InstitutionDetail.as_view(), name="api_institution_detail"),
    path("experts/", experts.ExpertList.as_view(), name="api_expert_list"),
    path("experts/<str:code>/", experts.ExpertDetail.as_view(), name="api_expert_detail"),
    path("resources/", resources.ResourceList.as_view(), name="api_resource_list"),
    path("resources/<str:code>/", resources.ResourceDetail.as_view(), name="api_resource_detail"),
]
