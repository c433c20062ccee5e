"""Ending a connection: stop first, then withdraw access at the provider, then forget the credentials."""

import logging

from django.db import transaction
from django.utils import timezone

from connectors.errors import ConnectorError
from practices.audit import record
from practices.connections import connection_of, xero_client
from practices.models import Connection, ConnectionState, Grant, Practice, Provider, User
from practices.secrets import DecryptionError
from practices.tenants import tenants_of
from practices.tokens import drop_unused

log = logging.getLogger(__name__)


def disconnect(practice: Practice, *, actor: User, provider: str) -> Connection | None:
    """Stop the connection, keep its row and history, drop its credentials.

    Workers stop with the first commit; only then is the provider told, best effort. Safe to run again: a
    second call finishes what a crash left over. Returns ``None`` when there never was a connection.
    """
    with transaction.atomic():
        Practice.objects.select_for_update().get(pk=practice.pk)
        connection = connection_of(practice, provider)
        if connection is None:
            return None
        grant = connection.grant
        if connection.state != ConnectionState.DISCONNECTED:
            connection.state = ConnectionState.DISCONNECTED
            connection.state_reason = ""
            connection.disconnected_at = timezone.now()
            connection.save(update_fields=["state", "state_reason", "disconnected_at"])
            record(
                practice,
                actor,
                "connection.disconnected",
                f"Disconnected {connection.get_provider_display()}: {connection.tenant_name}",
                object=connection,
            )
    if grant is None:
        return connection
    confirmed = _leave_organisation(connection, grant) if provider == Provider.XERO else True
    Connection.objects.filter(pk=connection.pk).update(grant=None)
    connection.grant = None
    confirmed = drop_unused(grant) and confirmed
    record(
        practice,
        actor,
        "connection.credentials_dropped",
        "Deleted the stored credentials"
        + ("" if confirmed else "; the provider did not confirm the withdrawal"),
        object=connection,
        confirmed=confirmed,
    )
    return connection


def _leave_organisation(connection: Connection, grant: Grant) -> bool:
    """Take this one organisation out of the Xero user's consent; others of that user stay."""
    client = xero_client(grant)
    try:
        for tenant in tenants_of(client):
            if tenant.external_id == connection.tenant_external_id:
                client.delete_connection(tenant.connection_external_id)
    except (ConnectorError, DecryptionError) as error:
        log.warning("xero did not confirm leaving an organisation: %s", error)
        return False
    return True
