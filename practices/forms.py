"""Forms of the pages about people and practices."""

from typing import Any, ClassVar, cast

from django import forms
from django.core.validators import RegexValidator

from practices.models import Country, Membership, Practice, Role, User
from practices.regions import fits, time_zone_choices

ROLE_HELP = {
    Role.OWNER: "everything, including owners",
    Role.ADMIN: "connections, mapping, rules, members",
    Role.STAFF: "works through differences and failures",
    Role.VIEWER: "looks, changes nothing",
}


ONE_LINE = RegexValidator(
    r"^[^\x00-\x1f\x7f\u2028\u2029]*\Z", "Write this on one line, without control characters."
)
"""For names: they go into the subject and the text of mails to people who don't know us."""

READABLE_KEY = RegexValidator(
    r"^[!-~]+\Z", "This is not an API key: keys have no spaces and no accented letters."
)


class PracticeForm(forms.ModelForm):  # type: ignore[type-arg]
    """Name, country and time zone of a new practice. The currency follows from the country."""

    time_zone = forms.ChoiceField(choices=time_zone_choices, label="Time zone")

    def clean_name(self) -> str:
        name = str(self.cleaned_data["name"])
        ONE_LINE(name)
        return name

    class Meta:
        model = Practice
        fields: ClassVar[list[str]] = ["name", "country", "time_zone"]
        help_texts: ClassVar[dict[str, str]] = {
            "name": "As your clients know it.",
            "country": "Sets the currency too.",
        }

    def clean(self) -> dict[str, Any]:
        values: dict[str, Any] = super().clean() or {}
        country, zone = values.get("country"), values.get("time_zone")
        if country and zone and not fits(country, zone):
            self.add_error("time_zone", f"Choose a time zone of {Country(country).label}.")
        return values


class PracticeSettingsForm(PracticeForm):
    """Also the base currency, for a practice that keeps its books in another one."""

    class Meta(PracticeForm.Meta):
        fields: ClassVar[list[str]] = ["name", "country", "time_zone", "base_currency"]
        help_texts: ClassVar[dict[str, str]] = {
            "base_currency": "Three letters, such as AUD. Other currencies are shown with their code."
        }

    def clean_base_currency(self) -> str:
        return str(self.cleaned_data["base_currency"]).upper()


class InviteForm(forms.Form):
    """An address and a role; an admin is not offered "owner"."""

    email = forms.EmailField(label="E-mail")
    role = forms.ChoiceField(label="Role", initial=Role.STAFF)

    def __init__(self, *args: Any, inviter: Membership, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        cast("forms.ChoiceField", self.fields["role"]).choices = role_choices(inviter)


class ProfileForm(forms.ModelForm):  # type: ignore[type-arg]
    class Meta:
        model = User
        fields: ClassVar[list[str]] = ["name"]
        labels: ClassVar[dict[str, str]] = {"name": "Your name"}
        help_texts: ClassVar[dict[str, str]] = {"name": "Shown to the other members and in the audit trail."}

    def clean_name(self) -> str:
        name = str(self.cleaned_data["name"])
        ONE_LINE(name)
        return name


class ApiKeyForm(forms.Form):
    """An API key: never shown again, not even when the form comes back with an error."""

    api_key = forms.CharField(
        label="API key",
        max_length=500,
        strip=True,
        validators=[READABLE_KEY],
        widget=forms.PasswordInput(attrs={"autocomplete": "off", "spellcheck": "false"}),
        help_text="The key Ignition gave your practice. It is tried once, then stored encrypted.",
    )


def role_choices(chooser: Membership) -> list[tuple[str, str]]:
    """Roles this member may give, with what they mean."""
    return [
        (role.value, f"{role.label} – {ROLE_HELP[role]}")  # noqa: RUF001
        for role in Role
        if role != Role.OWNER or chooser.may(Role.OWNER)
    ]
