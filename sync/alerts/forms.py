"""Forms for adding and changing channels. What is secret is never shown again, not even after a mistake."""

from typing import Any, ClassVar, cast

from django import forms
from django.core.exceptions import ValidationError
from django.core.validators import validate_email

from practices.forms import ONE_LINE
from practices.models import Membership, Practice
from practices.secrets import DecryptionError
from sync.alerts import decide, recipients
from sync.alerts.addresses import AddressRefused, check
from sync.alerts.channels import new_key
from sync.alerts.posting import loopback_allowed
from sync.models import Channel, ChannelKind, Digest, Severity

SEVERITIES = [
    (Severity.CRITICAL, "Only what needs you now"),
    (Severity.WARNING, "Warnings, and what needs you now"),
    (Severity.INFO, "Everything, also for information"),
]
DIGESTS = [
    (Digest.AT_ONCE, "As it happens"),
    (Digest.HOURLY, "Once an hour, as one message"),
    (Digest.DAILY, "Once a day, as one message"),
]
WAITS_FOR_NOBODY = "What needs you now is told at once, whatever you choose here."


class SecretURLInput(forms.PasswordInput):
    """Readable while it is typed, and never sent back."""

    input_type = "url"


class ChannelForm(forms.ModelForm):  # type: ignore[type-arg]
    """What all channels have: a name, what is told, and when."""

    KIND: ClassVar[ChannelKind]

    class Meta:
        model = Channel
        fields: ClassVar[list[str]] = [
            *("name", "severity", "least_count", "least_amount", "recoveries"),
            *("digest", "digest_at", "quiet_from", "quiet_until", "quiet_weekends"),
        ]
        labels: ClassVar[dict[str, str]] = {
            "severity": "What is told",
            "least_count": "From how many records on",
            "least_amount": "From which amount on",
            "recoveries": "Also tell when it is over",
            "digest": "How often",
            "digest_at": "Time of the daily message",
            "quiet_from": "Quiet from",
            "quiet_until": "Quiet until",
            "quiet_weekends": "Quiet at weekends",
        }
        help_texts: ClassVar[dict[str, str]] = {
            "name": "Such as “Billing team”.",
            "least_count": "Smaller problems are seen in the app only. What needs you now is told whatever its size.",
            "digest": WAITS_FOR_NOBODY,
            "quiet_until": "What comes up meanwhile is told when the quiet ends, unless it is over by then.",
        }
        widgets: ClassVar[dict[str, forms.Widget]] = {
            "least_amount": forms.NumberInput(attrs={"step": "0.01", "min": "0", "inputmode": "decimal"}),
            "least_count": forms.NumberInput(attrs={"min": "1", "inputmode": "numeric"}),
            **{
                name: forms.TimeInput(format="%H:%M", attrs={"type": "time"})
                for name in ("digest_at", "quiet_from", "quiet_until")
            },
        }

    def __init__(self, *args: Any, practice: Practice, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.practice = practice
        self._choices("severity", SEVERITIES)
        self._choices("digest", DIGESTS)
        self.fields["name"].validators.append(ONE_LINE)
        cast("forms.IntegerField", self.fields["least_count"]).min_value = 1
        if "digest_at" in self.fields:
            zone, usual = practice.time_zone, f"{decide.DIGEST_AT:%H:%M}"
            self.fields["digest_at"].help_text = f"In {zone}; {usual} if left empty."
            self.fields["quiet_from"].help_text = f"In {zone}, over midnight if you like."

    def clean_name(self) -> str:
        name = str(self.cleaned_data["name"])
        others = Channel.objects.for_practice(self.practice).exclude(pk=self.instance.pk)
        if others.filter(name=name).exists():
            raise ValidationError("Another channel has this name.")
        return name

    def clean_least_count(self) -> int:
        count = int(self.cleaned_data["least_count"])
        if count < 1:
            raise ValidationError("Enter 1 or more.")
        return count

    def clean(self) -> dict[str, Any]:
        values: dict[str, Any] = super().clean() or {}
        start, end = values.get("quiet_from"), values.get("quiet_until")
        if (start is None) != (end is None):
            self.add_error("quiet_until" if end is None else "quiet_from", "Enter both times, or neither.")
        elif start is not None and start == end:
            self.add_error(
                "quiet_until", "The quiet would last the whole day. Switch the channel off instead."
            )
        elif start is not None and end is not None and values.get("digest") == Digest.DAILY:
            wanted = values.get("digest_at") or decide.DIGEST_AT
            within = start <= wanted < end if start < end else wanted >= start or wanted < end
            if within:
                self.add_error("digest_at", "This is within the quiet hours. Choose a time outside of them.")
        return values

    def address(self, stored: dict[str, Any]) -> dict[str, Any]:
        """What is stored as the channel's address, made of what was stored before."""
        raise NotImplementedError

    def changes_address(self) -> bool:
        return True

    def _choices(self, name: str, choices: list[Any]) -> None:
        if name in self.fields:
            cast("forms.ChoiceField", self.fields[name]).choices = choices


class EmailChannelForm(ChannelForm):
    """Who gets the mails: by role, by name, and others after they agreed."""

    KIND = ChannelKind.EMAIL

    owners_and_admins = forms.BooleanField(required=False, label="All owners and admins")
    members = forms.MultipleChoiceField(
        required=False, label="These members", widget=forms.CheckboxSelectMultiple
    )
    others = forms.CharField(
        required=False,
        label="Other addresses",
        max_length=2_000,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text="One a line. Each gets a mail first that asks, and nothing else before somebody there agrees.",
    )
    field_order = ("name", "owners_and_admins", "members", "others")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        people = Membership.objects.for_practice(self.practice).select_related("user")
        self._choices(
            "members",
            [
                (str(member.user_id), f"{member.user} ({member.get_role_display()})")
                for member in people.order_by("user__name", "user__email")
            ],
        )
        stored = _stored(self.instance)
        self.initial.setdefault(
            "owners_and_admins", stored.get("owners_and_admins", self.instance.pk is None)
        )
        self.initial.setdefault("members", [str(pk) for pk in stored.get("members", [])])
        self.initial.setdefault("others", "\n".join(str(one["email"]) for one in stored.get("others", [])))

    def clean_others(self) -> list[str]:
        found: dict[str, str] = {}
        for line in str(self.cleaned_data["others"]).replace(",", "\n").splitlines():
            email = line.strip()
            if not email:
                continue
            try:
                validate_email(email)
            except ValidationError:
                raise ValidationError(f"{email} is not an e-mail address.") from None
            found.setdefault(email.lower(), email)
        if len(found) > recipients.MOST_OTHERS:
            raise ValidationError(f"At most {recipients.MOST_OTHERS} other addresses.")
        return list(found.values())

    def clean(self) -> dict[str, Any]:
        values = super().clean()
        chosen = [values.get(name) for name in ("owners_and_admins", "members", "others")]
        if not any(chosen) and not self.errors:
            raise ValidationError("Choose at least one person who gets the mails.")
        return values

    def address(self, stored: dict[str, Any]) -> dict[str, Any]:
        chosen = {
            "owners_and_admins": bool(self.cleaned_data["owners_and_admins"]),
            "members": sorted(int(pk) for pk in self.cleaned_data["members"]),
        }
        return recipients.with_others({**stored, **chosen}, self.cleaned_data["others"])


class PostedChannelForm(ChannelForm):
    """A channel behind a web address. On an existing one an empty address means: keep it."""

    url = forms.CharField(
        label="Address",
        max_length=2_000,
        widget=SecretURLInput(
            attrs={"autocomplete": "off", "spellcheck": "false", "placeholder": "https://…"}
        ),
    )
    field_order: tuple[str, ...] = ("name", "url")
    WHERE_FROM: ClassVar[str] = ""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["url"].help_text = self.WHERE_FROM
        if self.instance.pk is not None:
            self.fields["url"].required = False
            self.fields["url"].help_text = f"Now {self.instance.shown}. Leave it empty to keep it."

    def clean_url(self) -> str:
        url = str(self.cleaned_data["url"])
        if not url and not _stored(self.instance).get("url"):
            raise ValidationError("Enter the address again: the one that is stored can't be read any more.")
        if url:
            try:
                check(url, allow_loopback=loopback_allowed())
            except AddressRefused as refusal:
                raise ValidationError(str(refusal)) from None
        return url

    def address(self, stored: dict[str, Any]) -> dict[str, Any]:
        return {**stored, "url": self.cleaned_data["url"]} if self.cleaned_data["url"] else stored

    def changes_address(self) -> bool:
        return bool(self.cleaned_data["url"])


class SlackChannelForm(PostedChannelForm):
    KIND = ChannelKind.SLACK
    WHERE_FROM = "In Slack: an app with “Incoming webhooks”, added to the channel. Stored encrypted."


class TeamsChannelForm(PostedChannelForm):
    KIND = ChannelKind.TEAMS
    WHERE_FROM = (
        "In Teams: Workflows, “Post to a channel when a webhook request is received”. Stored encrypted."
    )


class WebhookChannelForm(PostedChannelForm):
    """For machines: they neither sleep nor like summaries."""

    KIND = ChannelKind.WEBHOOK
    WHERE_FROM = "Where your own program or automation tool receives JSON. Stored encrypted."

    replace_key = forms.BooleanField(
        required=False,
        label="Make a new signing key",
        help_text="The one in use stops at once. The new one is shown once, after saving.",
    )
    field_order = ("name", "url", "replace_key")

    class Meta(ChannelForm.Meta):
        fields: ClassVar[list[str]] = ["name", "severity", "least_count", "least_amount", "recoveries"]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.new_key = ""
        if self.instance.pk is None:
            del self.fields["replace_key"]

    def address(self, stored: dict[str, Any]) -> dict[str, Any]:
        changed = super().address(stored)
        if not changed.get("key") or self.cleaned_data.get("replace_key"):
            self.new_key = self.new_key or new_key()
            changed = {**changed, "key": self.new_key}
        return changed

    def changes_address(self) -> bool:
        return super().changes_address() or bool(self.cleaned_data.get("replace_key"))


FORMS: dict[str, type[ChannelForm]] = {
    form.KIND: form for form in (EmailChannelForm, SlackChannelForm, TeamsChannelForm, WebhookChannelForm)
}


def _stored(channel: Channel) -> dict[str, Any]:
    if channel._state.adding:
        return {}
    try:
        return dict(channel.address)
    except DecryptionError:
        return {}
