from django.contrib import admin
from django.urls import include, path

urlpatterns = [
    path("admin/", admin.site.urls),
    path("accounts/", include("allauth.urls")),
    path("p/<slug:slug>/", include("sync.urls")),
    path("p/<slug:slug>/", include("mappings.urls")),
    path("", include("practices.urls")),
]
