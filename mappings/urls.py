from django.urls import path

from mappings import views

urlpatterns = [
    path("mapping/", views.mapping, name="mapping"),
    path("mapping/publish/", views.mapping_publish, name="mapping_publish"),
    path("mapping/review/<slug:section>/", views.mapping_review, name="mapping_review"),
    path("mapping/versions/<int:version>/", views.mapping_version, name="mapping_version"),
    path("mapping/versions/<int:version>/restore/", views.mapping_restore, name="mapping_restore"),
    path("mapping/tables/<slug:table>/export/", views.mapping_export, name="mapping_export"),
    path("mapping/tables/<slug:table>/import/", views.mapping_import, name="mapping_import"),
]
