from django.urls import path

from mappings.views import copying, draft, fields, files, lookups, page, rules, versions

urlpatterns = [
    path("mapping/", page.mapping, name="mapping"),
    path("mapping/save/<slug:section>/", page.mapping_save, name="mapping_save"),
    path("mapping/draft/", draft.mapping_draft, name="mapping_draft"),
    path("mapping/draft/publish/", draft.mapping_publish, name="mapping_publish"),
    path("mapping/draft/discard/", draft.mapping_discard, name="mapping_discard"),
    path("mapping/draft/update/", draft.mapping_update, name="mapping_update"),
    path("mapping/fields/<str:target>/", fields.mapping_field, name="mapping_field"),
    path("mapping/fields/<str:target>/edit/", fields.mapping_field_edit, name="mapping_field_edit"),
    path("mapping/rules/new/<slug:about>/", rules.mapping_rule_new, name="mapping_rule_new"),
    path("mapping/rules/new/<slug:about>/edit/", rules.mapping_rule_add, name="mapping_rule_add"),
    path("mapping/rules/<slug:rule>/", rules.mapping_rule, name="mapping_rule"),
    path("mapping/rules/<slug:rule>/edit/", rules.mapping_rule_edit, name="mapping_rule_edit"),
    path("mapping/rules/<slug:rule>/act/", rules.mapping_rule_act, name="mapping_rule_act"),
    path("mapping/lookups/", lookups.mapping_lookup, name="mapping_lookup"),
    path("mapping/lookups/edit/", lookups.mapping_lookup_edit, name="mapping_lookup_edit"),
    path("mapping/lookups/delete/", lookups.mapping_lookup_delete, name="mapping_lookup_delete"),
    path("mapping/lookups/export/", lookups.mapping_lookup_export, name="mapping_lookup_export"),
    path("mapping/lookups/import/", lookups.mapping_lookup_import, name="mapping_lookup_import"),
    path("mapping/versions/<int:version>/", versions.mapping_version, name="mapping_version"),
    path("mapping/versions/<int:version>/restore/", versions.mapping_restore, name="mapping_restore"),
    path("mapping/copy/", copying.mapping_copy, name="mapping_copy"),
    path("mapping/copy/take/", copying.mapping_copy_take, name="mapping_copy_take"),
    path("mapping/tables/<slug:table>/export/", files.mapping_export, name="mapping_export"),
    path("mapping/tables/<slug:table>/import/", files.mapping_import, name="mapping_import"),
]
