"""Routes of the target layer, under one alliance."""

from django.urls import URLPattern

urlpatterns: list[URLPattern] = []
