from django.urls import path

from practices.views import connections, consent, home, hooks, members

urlpatterns = [
    path("", home.practice_list, name="practice_list"),
    path("practices/new/", home.practice_create, name="practice_create"),
    path("profile/", home.profile, name="profile"),
    path("invitations/<int:pk>/accept/", home.invitation_accept, name="invitation_accept"),
    path("invitations/<str:token>/", home.invitation_open, name="invitation_open"),
    path("connections/callback/<slug:provider>/", consent.connection_callback, name="connection_callback"),
    path("p/<slug:slug>/connections/", connections.connections, name="connections"),
    path("p/<slug:slug>/connections/ignition/", connections.connect_ignition, name="connect_ignition"),
    path("p/<slug:slug>/connections/ignition/secrets/", hooks.hook_secret_make, name="hook_secret_make"),
    path(
        "p/<slug:slug>/connections/secrets/<int:pk>/replace/",
        hooks.hook_secret_replace,
        name="hook_secret_replace",
    ),
    path(
        "p/<slug:slug>/connections/secrets/<int:pk>/revoke/",
        hooks.hook_secret_revoke,
        name="hook_secret_revoke",
    ),
    path("p/<slug:slug>/connections/different/", consent.connection_different, name="connection_different"),
    path("p/<slug:slug>/connections/xero/choose/", consent.xero_choose, name="xero_choose"),
    path("p/<slug:slug>/connections/xero/cancel/", consent.xero_cancel, name="xero_cancel"),
    path("p/<slug:slug>/connections/<slug:provider>/consent/", consent.consent_begin, name="consent_begin"),
    path(
        "p/<slug:slug>/connections/<slug:provider>/test/", connections.connection_test, name="connection_test"
    ),
    path(
        "p/<slug:slug>/connections/<slug:provider>/disconnect/",
        connections.connection_disconnect,
        name="connection_disconnect",
    ),
    path("p/<slug:slug>/second-factor/", members.second_factor_needed, name="second_factor_needed"),
    path("p/<slug:slug>/settings/", members.practice_settings, name="practice_settings"),
    path("p/<slug:slug>/audit/", members.audit, name="audit"),
    path("p/<slug:slug>/members/", members.members, name="members"),
    path("p/<slug:slug>/members/invite/", members.member_invite, name="member_invite"),
    path("p/<slug:slug>/members/leave/", members.member_leave, name="member_leave"),
    path("p/<slug:slug>/members/<int:pk>/role/", members.member_role, name="member_role"),
    path("p/<slug:slug>/members/<int:pk>/remove/", members.member_remove, name="member_remove"),
    path("p/<slug:slug>/invitations/<int:pk>/resend/", members.invitation_resend, name="invitation_resend"),
    path("p/<slug:slug>/invitations/<int:pk>/revoke/", members.invitation_revoke, name="invitation_revoke"),
]
