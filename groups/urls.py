"""Routes of the organisational layer, under one alliance."""

from django.urls import URLPattern

urlpatterns: list[URLPattern] = []
