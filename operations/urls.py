"""Routes of the operational layer, under one alliance."""

from django.urls import URLPattern

urlpatterns: list[URLPattern] = []
