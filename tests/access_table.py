"""Who gets what at every address; read and checked by ``tests/test_access_matrix.py``.

Cells are statuses, or where a redirect leads: ``login``, ``again`` (log in once more before something
delicate), ``go`` (on to another page: done, or with a message why not). Everybody sends empty forms, which is
enough to tell "may" (``go``, 200, 422) from "may not" (403, 404, ``login``). A method without a row is refused
with 405 or does what GET does. Admin pages of all models share their rows.

Owner to viewer are members of the practice asked for; the stranger owns another one; nobody is logged out.
"""

PEOPLE = ("owner", "admin", "staff", "viewer", "stranger", "nobody", "support")

TABLE = """
#                                                        owner  admin  staff  viewer stranger  nobody support

# a practice: everybody of it may look
GET   /p/<slug>/                                         200    200    200    200    404       login  404
GET   /p/<slug>/progress/                                200    200    200    200    404       login  404
GET   /p/<slug>/plan/                                    200    200    200    200    404       login  404
GET   /p/<slug>/activity/                                200    200    200    200    404       login  404
GET   /p/<slug>/activity/<pk>/                           200    200    200    200    404       login  404
GET   /p/<slug>/events/                                  200    200    200    200    404       login  404
GET   /p/<slug>/events/<pk>/                             200    200    200    200    404       login  404
GET   /p/<slug>/alerts/                                  200    200    200    200    404       login  404
POST  /p/<slug>/alerts/seen/                             go     go     go     go     404       login  404
GET   /p/<slug>/calls/                                   200    200    200    200    404       login  404
GET   /p/<slug>/contacts/                                200    200    200    200    404       login  404
GET   /p/<slug>/invoices/                                200    200    200    200    404       login  404
GET   /p/<slug>/payments/                                200    200    200    200    404       login  404
GET   /p/<slug>/records/<pk>/                            200    200    200    200    404       login  404
GET   /p/<slug>/records/<pk>/why/                        200    200    200    200    404       login  404
GET   /p/<slug>/records/<pk>/thread/                     200    200    200    200    404       login  404
GET   /p/<slug>/records/<pk>/asof/                       200    200    200    200    404       login  404
GET   /p/<slug>/rehearsals/<pk>/                         200    200    200    200    404       login  404
GET   /p/<slug>/rehearsals/latest/                       go     go     go     go     404       login  404
GET   /p/<slug>/problems/                                200    200    200    200    404       login  404
GET   /p/<slug>/problems/<pk>/                           200    200    200    200    404       login  404
GET   /p/<slug>/problems/<pk>/export/                    200    200    200    200    404       login  404
GET   /p/<slug>/reconciliation/                          200    200    200    200    404       login  404
GET   /p/<slug>/reconciliation/<pk>/                     200    200    200    200    404       login  404
GET   /p/<slug>/reconciliation/asof/                     200    200    200    200    404       login  404
GET   /p/<slug>/reconciliation/tax/                      200    200    200    200    404       login  404
GET   /p/<slug>/reconciliation/clearing/                 200    200    200    200    404       login  404
GET   /p/<slug>/reconciliation/close/                    200    200    200    200    404       login  404
GET   /p/<slug>/reconciliation/progress/                 go     go     go     go     404       login  404
GET   /p/<slug>/reconciliation/history/                  200    200    200    200    404       login  404
GET   /p/<slug>/reconciliation/history/<pk>/             200    200    200    200    404       login  404
GET   /p/<slug>/reconciliation/views/                    200    200    200    200    404       login  404
GET   /p/<slug>/clients/graph/                           200    200    200    200    404       login  404
GET   /p/<slug>/clients/graph/<pk>/                      200    200    200    200    404       login  404
GET   /p/<slug>/reviews/                                 200    200    200    200    404       login  404
GET   /p/<slug>/reviews/<pk>/                            200    200    200    200    404       login  404
GET   /p/<slug>/approvals/                               200    200    200    200    404       login  404
GET   /p/<slug>/changes/                                 200    200    200    200    404       login  404
GET   /p/<slug>/changes/<pk>/                            200    200    200    200    404       login  404
GET   /p/<slug>/mapping/                                 200    200    200    200    404       login  404
GET   /p/<slug>/mapping/draft/                           200    200    200    200    404       login  404
GET   /p/<slug>/mapping/fields/<target>/                 200    200    200    200    404       login  404
GET   /p/<slug>/mapping/rules/new/<about>/               200    200    200    200    404       login  404
GET   /p/<slug>/mapping/rules/<rule>/                    200    200    200    200    404       login  404
GET   /p/<slug>/mapping/lookups/                         200    200    200    200    404       login  404
GET   /p/<slug>/mapping/lookups/export/                  go     go     go     go     404       login  404
GET   /p/<slug>/mapping/versions/<version>/              200    200    200    200    404       login  404
GET   /p/<slug>/mapping/tables/<table>/export/           200    200    200    200    404       login  404
GET   /p/<slug>/connections/                             200    200    200    200    404       login  404
GET   /p/<slug>/members/                                 200    200    200    200    404       login  404
GET   /p/<slug>/second-factor/                           go     go     go     go     404       login  404
POST  /p/<slug>/members/leave/                           go     go     go     go     404       login  404

# a practice: staff and above
POST  /p/<slug>/rehearsals/start/                        go     go     go     403    404       login  404
POST  /p/<slug>/sync/                                    go     go     go     403    404       login  404
GET   /p/<slug>/events/again/                            200    200    200    403    404       login  404
POST  /p/<slug>/events/again/                            go     go     go     403    404       login  404
POST  /p/<slug>/events/<pk>/again/                       go     go     go     403    404       login  404
GET   /p/<slug>/alerts/channels/                         200    200    200    403    404       login  404
POST  /p/<slug>/problems/<pk>/assign/                    go     go     go     403    404       login  404
POST  /p/<slug>/problems/<pk>/snooze/                    go     go     go     403    404       login  404
POST  /p/<slug>/problems/<pk>/retry/                     go     go     go     403    404       login  404
POST  /p/<slug>/reconciliation/compare/                  go     go     go     403    404       login  404
GET   /p/<slug>/reconciliation/close/pack.xlsx           200    200    200    403    404       login  404
GET   /p/<slug>/reconciliation/close/pack.pdf            200    200    200    403    404       login  404
POST  /p/<slug>/reconciliation/close/work-out/           go     go     go     403    404       login  404
POST  /p/<slug>/reconciliation/views/save/               go     go     go     403    404       login  404
POST  /p/<slug>/reconciliation/views/<pk>/change/        go     go     go     403    404       login  404
POST  /p/<slug>/reconciliation/views/<pk>/delete/        go     go     go     403    404       login  404
GET   /p/<slug>/reconciliation/mails/add/                200    200    200    403    404       login  404
POST  /p/<slug>/reconciliation/mails/add/                422    422    422    403    404       login  404
GET   /p/<slug>/reconciliation/mails/<pk>/               200    200    200    403    404       login  404
POST  /p/<slug>/reconciliation/mails/<pk>/               422    422    422    403    404       login  404
POST  /p/<slug>/reconciliation/mails/<pk>/delete/        go     go     go     403    404       login  404
GET   /p/<slug>/reconciliation/export/csv/               200    200    200    403    404       login  404
GET   /p/<slug>/reconciliation/export/xlsx/              200    200    200    403    404       login  404
POST  /p/<slug>/reconciliation/act/                      go     go     go     403    404       login  404
POST  /p/<slug>/reconciliation/<pk>/assign/              go     go     go     403    404       login  404
POST  /p/<slug>/reconciliation/<pk>/note/                go     go     go     403    404       login  404
POST  /p/<slug>/reconciliation/<pk>/fix/                 go     go     go     403    404       login  404
POST  /p/<slug>/clients/graph/<pk>/split/                go     go     go     403    404       login  404
POST  /p/<slug>/clients/graph/<pk>/judge/                go     go     go     403    404       login  404
POST  /p/<slug>/clients/graph/<pk>/undo/                 go     go     go     403    404       login  404
POST  /p/<slug>/reviews/<pk>/decide/                     go     go     go     403    404       login  404
POST  /p/<slug>/approvals/act/                           go     go     go     403    404       login  404
POST  /p/<slug>/changes/act/                             go     go     go     403    404       login  404
POST  /p/<slug>/connections/<provider>/test/             go     go     go     403    404       login  404

# a practice: owners and admins
POST  /p/<slug>/problems/<pk>/skip/                      go     go     403    403    404       login  404
GET   /p/<slug>/reconciliation/schedule/                 200    200    403    403    404       login  404
POST  /p/<slug>/reconciliation/schedule/                 422    422    403    403    404       login  404
POST  /p/<slug>/reconciliation/<pk>/accept/              go     go     403    403    404       login  404
POST  /p/<slug>/reconciliation/<pk>/reopen/              go     go     403    403    404       login  404
POST  /p/<slug>/reconciliation/close/sign/               go     go     403    403    404       login  404
POST  /p/<slug>/reconciliation/close/<pk>/withdraw/      go     go     403    403    404       login  404
POST  /p/<slug>/modes/                                   go     go     403    403    404       login  404
POST  /p/<slug>/mapping/versions/<version>/restore/      go     go     403    403    404       login  404
POST  /p/<slug>/mapping/save/<section>/                  422    422    403    403    404       login  404
POST  /p/<slug>/mapping/draft/publish/                   go     go     403    403    404       login  404
POST  /p/<slug>/mapping/draft/discard/                   go     go     403    403    404       login  404
POST  /p/<slug>/mapping/draft/update/                    go     go     403    403    404       login  404
POST  /p/<slug>/mapping/fields/<target>/edit/            200    200    403    403    404       login  404
POST  /p/<slug>/mapping/rules/new/<about>/edit/          200    200    403    403    404       login  404
POST  /p/<slug>/mapping/rules/<rule>/edit/               200    200    403    403    404       login  404
POST  /p/<slug>/mapping/rules/<rule>/act/                go     go     403    403    404       login  404
POST  /p/<slug>/mapping/lookups/edit/                    200    200    403    403    404       login  404
POST  /p/<slug>/mapping/lookups/delete/                  go     go     403    403    404       login  404
POST  /p/<slug>/mapping/lookups/import/                  go     go     403    403    404       login  404
GET   /p/<slug>/mapping/copy/                            go     go     403    403    404       login  404
POST  /p/<slug>/mapping/copy/take/                       go     go     403    403    404       login  404
POST  /p/<slug>/mapping/tables/<table>/import/           422    422    403    403    404       login  404
GET   /p/<slug>/connections/ignition/                    200    200    403    403    404       login  404
POST  /p/<slug>/connections/ignition/                    200    200    403    403    404       login  404
POST  /p/<slug>/connections/ignition/secrets/            go     go     403    403    404       login  404
POST  /p/<slug>/connections/secrets/<pk>/replace/        200    200    403    403    404       login  404
POST  /p/<slug>/connections/secrets/<pk>/revoke/         go     go     403    403    404       login  404
GET   /p/<slug>/connections/different/                   go     go     403    403    404       login  404
GET   /p/<slug>/connections/xero/choose/                 go     go     403    403    404       login  404
POST  /p/<slug>/connections/xero/choose/                 go     go     403    403    404       login  404
POST  /p/<slug>/connections/xero/cancel/                 go     go     403    403    404       login  404
POST  /p/<slug>/connections/<provider>/consent/          go     go     403    403    404       login  404
GET   /p/<slug>/connections/<provider>/disconnect/       200    200    403    403    404       login  404
POST  /p/<slug>/connections/<provider>/disconnect/       go     go     403    403    404       login  404
GET   /p/<slug>/alerts/channels/add/<kind>/              200    200    403    403    404       login  404
POST  /p/<slug>/alerts/channels/add/<kind>/              422    422    403    403    404       login  404
GET   /p/<slug>/alerts/channels/<pk>/                    200    200    403    403    404       login  404
POST  /p/<slug>/alerts/channels/<pk>/                    422    422    403    403    404       login  404
POST  /p/<slug>/alerts/channels/<pk>/test/               go     go     403    403    404       login  404
POST  /p/<slug>/alerts/channels/<pk>/switch/             go     go     403    403    404       login  404
POST  /p/<slug>/alerts/channels/<pk>/mute/               go     go     403    403    404       login  404
POST  /p/<slug>/alerts/channels/<pk>/ask/                go     go     403    403    404       login  404
POST  /p/<slug>/alerts/channels/<pk>/delete/             go     go     403    403    404       login  404
GET   /p/<slug>/settings/                                200    200    403    403    404       login  404
POST  /p/<slug>/settings/                                200    200    403    403    404       login  404
GET   /p/<slug>/audit/                                   200    200    403    403    404       login  404
POST  /p/<slug>/members/invite/                          422    422    403    403    404       login  404
POST  /p/<slug>/members/<pk>/role/                       go     go     403    403    404       login  404
POST  /p/<slug>/members/<pk>/remove/                     go     go     403    403    404       login  404
POST  /p/<slug>/invitations/<pk>/resend/                 go     go     403    403    404       login  404
POST  /p/<slug>/invitations/<pk>/revoke/                 go     go     403    403    404       login  404

# a person's own pages; the people of a practice are sent on to it from the front page
GET   /                                                  go     go     go     go     go        login  200
GET   /practices/new/                                    200    200    200    200    200       login  200
GET   /profile/                                          200    200    200    200    200       login  200
POST  /practices/new/                                    200    200    200    200    200       login  200
POST  /profile/                                          200    200    200    200    200       login  200
GET   /invitations/<token>/                              200    200    200    200    200       200    200
POST  /invitations/<pk>/accept/                          404    404    404    404    404       login  404
GET   /alerts/confirm/<token>/                           404    404    404    404    404       404    404
POST  /alerts/confirm/<token>/                           404    404    404    404    404       404    404
GET   /alerts/stop/<token>/                              404    404    404    404    404       404    404
POST  /alerts/stop/<token>/                              404    404    404    404    404       404    404
GET   /reports/stop/<token>/                             404    404    404    404    404       404    404
POST  /reports/stop/<token>/                             404    404    404    404    404       404    404
GET   /connections/callback/<provider>/                  400    400    400    400    400       login  400

# logging in, and what a person may do with a log-in
GET   /accounts/login/                                   go     go     go     go     go        200    go
GET   /accounts/signup/                                  go     go     go     go     go        200    go
POST  /accounts/login/                                   go     go     go     go     go        200    go
POST  /accounts/signup/                                  go     go     go     go     go        200    go
GET   /accounts/logout/                                  200    200    200    200    200       go     200
POST  /accounts/logout/                                  go     go     go     go     go        go     go
GET   /accounts/inactive/                                200    200    200    200    200       200    200
GET   /accounts/confirm-email/                           200    200    200    200    200       200    200
GET   /accounts/password/reset/                          200    200    200    200    200       200    200
GET   /accounts/password/reset/done/                     200    200    200    200    200       200    200
GET   /accounts/password/reset/key/done/                 200    200    200    200    200       200    200
GET   /accounts/password/reset/key/<uidb36>-<key>/       200    200    200    200    200       200    200
GET   /accounts/confirm-email/<key>/                     200    200    200    200    200       200    200
POST  /accounts/confirm-email/<key>/                     404    404    404    404    404       404    404
GET   /accounts/reauthenticate/                          200    200    200    200    200       login  200
GET   /accounts/email/                                   200    200    200    200    200       login  200
GET   /accounts/password/change/                         200    200    200    200    200       login  200
GET   /accounts/2fa/                                     200    200    200    200    200       login  200
GET   /accounts/2fa/webauthn/                            200    200    200    200    200       login  200
GET   /accounts/sessions/                                200    200    200    200    200       login  200
POST  /accounts/email/                                   go     go     go     go     go        login  go
POST  /accounts/sessions/                                go     go     go     go     go        login  go
GET   /accounts/password/set/                            go     go     go     go     go        login  go
GET   /accounts/login/code/confirm/                      go     go     go     go     go        login  go
GET   /accounts/2fa/authenticate/                        go     go     go     go     go        login  go
GET   /accounts/2fa/webauthn/login/                      go     go     go     go     go        login  go
GET   /accounts/2fa/totp/deactivate/                     404    404    404    404    404       login  404
GET   /accounts/2fa/recovery-codes/                      404    404    404    404    404       login  404
GET   /accounts/2fa/recovery-codes/download/             404    404    404    404    404       login  404
POST  /accounts/2fa/                                     405    405    405    405    405       login  405
POST  /accounts/2fa/webauthn/                            405    405    405    405    405       login  405
POST  /accounts/2fa/recovery-codes/                      405    405    405    405    405       login  405
GET   /accounts/2fa/reauthenticate/                      again  again  again  again  again     login  again
GET   /accounts/2fa/totp/activate/                       again  again  again  again  again     login  again
GET   /accounts/2fa/recovery-codes/generate/             again  again  again  again  again     login  again
GET   /accounts/2fa/webauthn/add/                        again  again  again  again  again     login  again
GET   /accounts/2fa/webauthn/reauthenticate/             again  again  again  again  again     login  again
GET   /accounts/2fa/webauthn/keys/<pk>/remove/           again  again  again  again  again     login  again
GET   /accounts/2fa/webauthn/keys/<pk>/edit/             again  again  again  again  again     login  again

# signs of life: anybody may ask whether, only this machine or the token's holder why (tests/config/test_health.py)
GET   /healthz                                           200    200    200    200    200       200    200
GET   /readyz                                            503    503    503    503    503       503    503
GET   /metrics                                           200    200    200    200    200       200    200

# machines: open to whoever proves each time, by a signature or a secret, that they may
POST  /hooks/xero/                                       401    401    401    401    401       401    401
POST  /hooks/ignition/<public_id>/                       401    401    401    401    401       401    401

# the support team's pages: nobody else gets in, and nothing is edited there
GET   /admin/                                            login  login  login  login  login     login  200
GET   /admin/login/                                      403    403    403    403    403       login  go
GET   /admin/logout/                                     go     go     go     go     go        go     405
POST  /admin/logout/                                     go     go     go     go     go        go     200
GET   /admin/password_change/                            login  login  login  login  login     login  200
GET   /admin/password_change/done/                       login  login  login  login  login     login  200
GET   /admin/jsi18n/                                     login  login  login  login  login     login  200
GET   /admin/<app_label>/                                login  login  login  login  login     login  200
GET   /admin/<app>/<model>/                              login  login  login  login  login     login  200
GET   /admin/<app>/<model>/<object_id>/history/          login  login  login  login  login     login  200
GET   /admin/<app>/<model>/<object_id>/change/           login  login  login  login  login     login  200
POST  /admin/password_change/done/                       login  login  login  login  login     login  405
POST  /admin/jsi18n/                                     login  login  login  login  login     login  405
POST  /admin/<app>/<model>/<object_id>/change/           login  login  login  login  login     login  403
GET   /admin/autocomplete/                               login  login  login  login  login     login  403
POST  /admin/autocomplete/                               login  login  login  login  login     login  405
GET   /admin/<app>/<model>/add/                          login  login  login  login  login     login  403
POST  /admin/<app>/<model>/add/                          login  login  login  login  login     login  403
GET   /admin/<app>/<model>/<object_id>/delete/           login  login  login  login  login     login  403
POST  /admin/<app>/<model>/<object_id>/delete/           login  login  login  login  login     login  403
GET   /admin/<app>/<model>/<object_id>/                  login  login  login  login  login     login  go
GET   /admin/r/<content_type_id>/<object_id>/            login  login  login  login  login     login  404
GET   /admin/<url>                                       login  login  login  login  login     login  404
"""
