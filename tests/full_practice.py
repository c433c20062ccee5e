"""A practice with a row of every model, each text of which carries one word, so that it is seen where it is."""

from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from django.utils import timezone

from mappings import services
from mappings.catalog import About
from mappings.conditions import Row
from mappings.fieldmaps import Lookup
from mappings.models import MappingSet
from mappings.rules import Outcome, Rule
from mappings.spec import Choices
from practices import audit, invitations
from practices.models import HookSecret, Invitation, Membership, Practice, Provider, Role, User
from sync.models import (
    Approval,
    Attempt,
    Budget,
    Change,
    Channel,
    Cursor,
    Delivery,
    Event,
    Flow,
    Incident,
    Kind,
    Mismatch,
    Mode,
    Notice,
    Rehearsal,
    RehearsalRow,
    Review,
    ReviewState,
    RuleUse,
    Run,
    RunState,
    SeenAlerts,
    SignOff,
    Snapshot,
    Standing,
    Told,
    Trigger,
)
from tests.make import make_connection, make_hook_secret, make_member, make_practice
from tests.sync.alerting import make_alert, make_channel
from tests.sync.close.closed import make_closed
from tests.sync.reconcile.kept import make_mismatches
from tests.sync.reconcile.reported import Reported, make_reported
from tests.sync.rows import Books, make_change, make_event, make_link, make_review, make_run, make_snapshot

DETAILS = {"short_code": "!abc12", "base_currency": "AUD"}


@dataclass(frozen=True)
class FullPractice:
    """``people`` has one member of each role; the rest is a row of each kind to ask for by its id."""

    word: str
    books: Books
    people: dict[Role, User]
    contact: Snapshot
    invoice: Snapshot
    change: Change
    incident: Incident
    review: Review
    decided: Review
    run: Run
    event: Event
    hook_secret: HookSecret
    channel: Channel
    rehearsal: Rehearsal
    invitation: Invitation
    invitation_token: str
    mapping: MappingSet
    mismatch: Mismatch
    reported: Reported
    sign_off: SignOff

    @property
    def practice(self) -> Practice:
        return self.books.practice

    @property
    def rule_key(self) -> str:
        return _rule(self.word).key

    def membership(self, role: Role) -> Membership:
        found: Membership = Membership.objects.get(practice=self.practice, user=self.people[role])
        return found


def make_full_practice(word: str, *, versions: int = 1) -> FullPractice:
    """``versions`` mapping versions are published, one after the other."""
    books = _connected(word)
    practice = books.practice
    people = {role: make_member(practice, role, email=f"{word}-{role}@example.com".lower()) for role in Role}
    mappings = [
        services.publish(
            practice,
            Choices(
                tax_by_label={f"{word} tax {number}": "OUTPUT"},
                account_by_service={f"srv_{word}_{number}": "200"},
                rules=(_rule(word),),
                lookups=(Lookup(name=f"{word} table", rows={f"{word} key": f"{word} value"}),),
            ),
            actor=people[Role.OWNER],
            note=f"{word} note {number}",
        )
        for number in range(versions)
    ]
    contact, invoice = _records(books, word)
    run = make_run(
        books,
        state=RunState.INCOMPLETE,
        trigger=Trigger.PERSON,
        actor=people[Role.STAFF],
        message=f"{word} records wait",
        counts={"contact": {"read": 3, "held": 1}},
        started_at=timezone.now(),
        finished_at=timezone.now(),
    )
    change = _changes(books, word, run, invoice)
    incident = _incidents(books, word, people[Role.STAFF])
    _approvals(books, word, people)
    review, decided = _reviews(books, word, people[Role.STAFF])
    Cursor.objects.create(practice=practice, connection=books.source, kind=Kind.INVOICE)
    Budget.objects.create(practice=practice, connection=books.target, day=date(2026, 11, 2), calls=7)
    audit.record(practice, people[Role.OWNER], "practice.changed", f"{word} was changed", object=practice)
    event = make_event(
        books.source,
        Kind.CONTACT,
        contact.external_id,
        state="done",
        action=f"{word}.updated",
        message=f"{word} was looked at",
        body=f'{{"word": "{word}"}}',
        run=run,
    )
    hook_secret = make_hook_secret(books.source, label=f"{word} tool")
    channel = _told(books, word, people[Role.OWNER])
    mismatch = make_mismatches(books, word, people[Role.ADMIN])
    token = f"token-of-{word}"
    invitation = Invitation.objects.create(
        practice=practice,
        email=f"{word}-invited@example.com".lower(),
        role=Role.VIEWER,
        token_hash=invitations.hashed(token),
        invited_by=people[Role.OWNER],
        expires_at=timezone.now() + timedelta(days=3),
    )
    return FullPractice(
        word=word,
        books=books,
        people=people,
        contact=contact,
        invoice=invoice,
        change=change,
        incident=incident,
        review=review,
        decided=decided,
        run=run,
        event=event,
        hook_secret=hook_secret,
        channel=channel,
        rehearsal=_rehearsal(books, word, invoice, people[Role.ADMIN]),
        invitation=invitation,
        invitation_token=token,
        mapping=mappings[-1],
        mismatch=mismatch,
        reported=make_reported(books, word, mismatch, people[Role.ADMIN]),
        sign_off=make_closed(books, word, contact, people[Role.ADMIN]),
    )


def _rule(word: str) -> Rule:
    """A rule that is there to be seen: it is switched off."""
    return Rule(
        key=f"r-{word.lower()[:10]}",
        name=f"{word} rule",
        about=About.INVOICE,
        when=Row("client.name", "is", f"{word} Client"),
        then=(Outcome("hold", {"text": f"{word} asks"}),),
        enabled=False,
    )


def _connected(word: str) -> Books:
    practice = make_practice(f"{word} Advisory", slug=word.lower())
    source = make_connection(practice, Provider.IGNITION, tenant_name=f"{word} on Ignition")
    target = make_connection(practice, Provider.XERO, tenant_name=f"{word} on Xero", tenant_details=DETAILS)
    flows = {
        kind: Flow.objects.create(
            practice=practice, source=Provider.IGNITION, target=Provider.XERO, kind=kind, mode=Mode.WATCH
        )
        for kind in (Kind.CONTACT, Kind.INVOICE, Kind.PAYMENT)
    }
    return Books(practice, source, target, flows)


def _records(books: Books, word: str) -> tuple[Snapshot, Snapshot]:
    """A client, its invoice and its payment, each in both systems and linked; one contact only in Xero."""
    email = f"{word}-client@example.com".lower()
    told: dict[str, Any] = {"standing": Standing.PARKED, "standing_text": f"{word} says why"}
    party: dict[str, Any] = {"name": f"{word} Client", "email": email}
    document: dict[str, Any] = {
        "number": f"INV-{word}",
        "reference": f"{word} reference",
        "amount": Decimal("110.00"),
        "currency": "AUD",
        "date": date(2026, 11, 3),
    }
    paid = {name: value for name, value in document.items() if name != "number"}
    pairs = {}
    for kind, values in ((Kind.CONTACT, party), (Kind.INVOICE, document), (Kind.PAYMENT, paid)):
        held_by: dict[str, Any] = {}
        if kind != Kind.CONTACT:
            held_by = {
                "party_external_id": f"contact_{word}",
                "record": {"contact_external_id": f"contact_{word}"},
            }
        source = make_snapshot(books.source, kind, f"{kind}_{word}", **values, **told, **held_by)
        there = {"record": {"contact_external_id": f"x_contact_{word}"}} if held_by else {}
        target = make_snapshot(books.target, kind, f"x_{kind}_{word}", **values, **there)
        make_link(books, source, target, reasons=[f"{word} is the same"])
        pairs[kind] = source
    make_snapshot(books.target, Kind.CONTACT, f"x_alone_{word}", name=f"{word} only in Xero")
    return pairs[Kind.CONTACT], pairs[Kind.INVOICE]


def _changes(books: Books, word: str, run: Run, invoice: Snapshot) -> Change:
    shared: dict[str, Any] = {"made_by": run, "sent_by": run, "message": f"{word} has a reason"}
    change = make_change(
        books,
        title=f"INV-{word}",
        source_external_id=invoice.external_id,
        values={"number": f"INV-{word}", "total": "110.00", "currency": "AUD"},
        remarks=[f"{word} remark"],
        state="parked",
        parked_as="rejected",
        reason="",
        **shared,
    )
    make_change(books, Kind.CONTACT, title=f"{word} Newcomer", values={"name": f"{word} Newcomer"}, **shared)
    make_change(books, Kind.PAYMENT, title=f"{word} paid", state="done", reason="", **shared)
    attempt = Attempt.objects.create(
        practice=books.practice,
        connection=books.target,
        run=run,
        kind=Kind.INVOICE,
        verb="create",
        message=f"{word} was refused",
    )
    attempt.changes.add(change)
    return change


def _approvals(books: Books, word: str, people: dict[Role, User]) -> None:
    """What a rule holds back: a request that waits, one that ran out, one that was decided, and what a rule said."""
    now = timezone.now()
    reason = {"key": "r1", "name": f"{word} rule", "text": f"{word} is large"}
    for state in ("waiting", "expired", "rejected"):
        over = state == "rejected"
        change = make_change(
            books,
            title=f"{word} {state}",
            state="cancelled" if over else "held",
            reason="declined" if over else "approval",
            message=f"{word} waits for approval",
            approval_asked=[reason],
        )
        Approval.objects.create(
            practice=books.practice,
            change=change,
            state=state,
            reasons=[reason],
            asked_by=people[Role.OWNER],
            expires_at=now + timedelta(days=1),
            decided_by=people[Role.STAFF] if over else None,
            decided_at=None if state == "waiting" else now,
            note=f"{word} note" if over else "",
            told_at=now,
        )
        about = {"practice": books.practice, "change": change, "rule_key": "r1", "told_at": now}
        Notice.objects.create(**about, rule_name=f"{word} rule", text=f"{word} said so")
    RuleUse.objects.create(practice=books.practice, rule_key="r1", records=3, held=3)
    told = {"user": people[Role.STAFF], "since": now, "due_upto": now, "upto": now}
    Told.objects.create(practice=books.practice, **told)


def _told(books: Books, word: str, by: User) -> Channel:
    """A channel on this machine that nobody listens at, and what could not be sent through it."""
    channel = make_channel(
        books.practice,
        name=f"{word} team",
        address={"url": "http://127.0.0.1:9/"},
        shown=f"hooks of {word}",
        last_error=f"{word} is not there",
        failing_since=timezone.now(),
    )
    alert = make_alert(books.practice, title=f"{word} invoices refused", text=f"{word} says why")
    Delivery.objects.create(practice=books.practice, alert=alert, channel=channel, message=f"{word} waits")
    SeenAlerts.objects.create(practice=books.practice, user=by, seen_at=timezone.now() - timedelta(days=1))
    return channel


def _incidents(books: Books, word: str, by: User) -> Incident:
    """The cause of the refused invoice; beside it one that is put aside and one that is over."""
    about: dict[str, Any] = {
        "practice": books.practice,
        "connection": books.target,
        "kind": Kind.INVOICE,
        "text": f"{word} knows what helps",
        "assignee": by,
    }
    now = timezone.now()
    Incident.objects.create(
        **about,
        cause="held.tax_unmapped",
        subject=f"{word} tax",
        title=f"{word} has a tax without a type",
        state="snoozed",
        snoozed_until=now + timedelta(days=1),
        snooze_reason=f"{word} waits for the accountant",
        snoozed_by=by,
    )
    Incident.objects.create(
        **about,
        cause="rejected.has_payments",
        title=f"{word} invoices had payments",
        state="resolved",
        resolution="itself",
        resolved_at=now,
    )
    return Incident.objects.create(
        **about,
        cause="rejected.",
        title=f"{word} invoices refused by Xero",
        count=1,
        amount=Decimal("110.00"),
        currency="AUD",
    )


def _rehearsal(books: Books, word: str, invoice: Snapshot, by: User) -> Rehearsal:
    made = Rehearsal.objects.create(
        practice=books.practice, state="done", draft_version=9, draft_revision=1, asked_by=by, total=1
    )
    RehearsalRow.objects.create(
        practice=books.practice,
        rehearsal=made,
        kind=Kind.INVOICE,
        source_external_id=invoice.external_id,
        title=f"INV-{word}",
        before="written",
        after="approval",
        after_text=f"{word} rule",
        differences=[{"field": "reference", "label": "Reference", "old": word, "new": f"{word} new"}],
        fields=["reference"],
    )
    return made


def _reviews(books: Books, word: str, by: User) -> tuple[Review, Review]:
    candidates = [
        {
            "external_id": f"x_contact_{word}",
            "name": f"{word} Client",
            "email": f"{word}-client@example.com".lower(),
            "score": 0.8,
            "reasons": [f"{word} looks alike"],
            "against": [],
        }
    ]
    source = make_snapshot(books.source, Kind.CONTACT, f"contact_{word}_unclear", name=f"{word} Unclear")
    review = make_review(
        books, f"{word} Unclear", source_external_id=source.external_id, candidates=candidates
    )
    decided = make_review(
        books,
        f"{word} Left alone",
        state=ReviewState.IGNORED,
        decided_by=by,
        decided_at=timezone.now(),
        note=f"{word} told us",
    )
    return review, decided
