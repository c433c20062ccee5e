"""The practice's draft: edits gather in it, nothing of it is in force until it is published.

Every function holds the practice's row while it writes. ``expected`` is the revision that a page was made from (0:
there was no draft); :class:`Outdated` is raised when somebody else saved meanwhile.
"""

from django.db import transaction
from django.utils import timezone

from mappings import checks, services
from mappings.merging import merge
from mappings.models import MappingSet, SetState
from mappings.services import Outdated
from mappings.spec import Choices, choices_from_json, choices_to_json
from practices import audit
from practices.models import Practice, User


class Unfit(Exception):
    """The draft can't be put in force; ``problems`` are sentences."""

    def __init__(self, problems: list[str]) -> None:
        super().__init__("; ".join(problems))
        self.problems = problems


def draft_of(practice: Practice) -> MappingSet | None:
    """The draft, if somebody began one."""
    found: MappingSet | None = (
        MappingSet.objects.for_practice(practice)
        .filter(state=SetState.DRAFT)
        .select_related("changed_by", "created_by")
        .first()
    )
    return found


def save(
    practice: Practice, choices: Choices, *, actor: User, what: str, expected: int | None = None
) -> MappingSet | None:
    """Keep choices in the draft; ``what`` says in a few words what was edited.

    Returns the draft, or ``None`` when nothing differs from what is in force any more: then there is no draft.
    """
    with transaction.atomic():
        services.lock(practice)
        draft, in_force = draft_of(practice), services.current(practice)
        _same_revision(draft, expected)
        data = choices_to_json(choices)
        if in_force is not None and data == choices_to_json(choices_from_json(in_force.choices)):
            if draft is not None:
                draft.delete()
            return None
        now = timezone.now()
        if draft is None:
            version = services.newest_version(practice) + 1
            draft = MappingSet(
                practice=practice,
                version=version,
                state=SetState.DRAFT,
                created_by=actor,
                created_at=now,
                based_on=in_force.version if in_force else 0,
            )
        draft.choices, draft.changed_by, draft.changed_at = data, actor, now
        draft.revision += 1
        draft.save()
        audit.record(
            practice,
            actor,
            "mapping.drafted",
            f"Changed the draft: {what}",
            object=draft,
            revision=draft.revision,
        )
        return draft


def discard(practice: Practice, *, actor: User, expected: int | None = None) -> None:
    """Throw the draft away; what is in force stays."""
    with transaction.atomic():
        services.lock(practice)
        draft = draft_of(practice)
        _same_revision(draft, expected)
        if draft is None:
            return
        audit.record(
            practice,
            actor,
            "mapping.discarded",
            f"Discarded the draft of version {draft.version}",
            choices=draft.choices,
        )
        draft.delete()


def bring_up_to_date(practice: Practice, *, actor: User) -> MappingSet | None:
    """Put what the draft changed on top of the version that is in force now."""
    with transaction.atomic():
        services.lock(practice)
        draft, in_force = draft_of(practice), services.current(practice)
        if draft is None or in_force is None or draft.based_on == in_force.version:
            return draft
        base = MappingSet.objects.for_practice(practice).filter(version=draft.based_on).first()
        merged = merge(
            choices_from_json(base.choices) if base else Choices(),
            choices_from_json(draft.choices),
            choices_from_json(in_force.choices),
        )
        MappingSet.objects.filter(pk=draft.pk).update(based_on=in_force.version)
        return save(practice, merged, actor=actor, what=f"brought up to version {in_force.version}")


def publish(practice: Practice, *, actor: User, note: str = "", expected: int | None = None) -> MappingSet:
    """Put the draft in force. Raises :class:`Outdated`, and :class:`Unfit` with what has to be mended first."""
    with transaction.atomic():
        services.lock(practice)
        draft, in_force = draft_of(practice), services.current(practice)
        _same_revision(draft, expected)
        if draft is None:
            raise Outdated("there is no draft any more")
        if draft.based_on != (in_force.version if in_force else 0):
            raise Outdated("another version was put in force after this draft was begun")
        choices = choices_from_json(draft.choices)
        problems = checks.problems(choices, services.view_of(practice))
        if problems:
            raise Unfit(problems)
        draft.delete()
        return services.publish(practice, choices, actor=actor, note=note)


def _same_revision(draft: MappingSet | None, expected: int | None) -> None:
    now = draft.revision if draft else 0
    if expected is not None and expected != now:
        raise Outdated(f"the draft was saved {now} times, not {expected}")
