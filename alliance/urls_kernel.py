"""The kernel's own pages in one alliance."""

from django.urls import URLPattern

urlpatterns: list[URLPattern] = []
