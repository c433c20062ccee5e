"""The field maps that every practice starts with; a practice's own replace them field by field."""

from mappings.fieldmaps import FieldMap, Mode, Step

DEFAULT_FIELDS: tuple[FieldMap, ...] = (
    FieldMap(target="contact.name", sources=("client.name",), steps=(Step("no_angles"), Step("tidy"))),
    FieldMap(target="contact.email", sources=("person.email", "client.email"), steps=(Step("email"),)),
    FieldMap(
        target="contact.phone",
        sources=("person.phone", "person.mobile", "client.phone"),
        steps=(Step("phone"),),
    ),
    FieldMap(
        target="contact.first_name",
        sources=("person.name",),
        steps=(Step("first_name"),),
        mode=Mode.ONLY_IF_NEW,
    ),
    FieldMap(
        target="contact.last_name",
        sources=("person.name",),
        steps=(Step("last_name"),),
        mode=Mode.ONLY_IF_NEW,
    ),
    FieldMap(target="contact.account_number", sources=("client.code",)),
    FieldMap(target="invoice.reference", sources=("invoice.reference",)),
    FieldMap(target="invoice.date", sources=("invoice.date",)),
    FieldMap(target="invoice.due_date", sources=("invoice.due_date", "invoice.date")),
    FieldMap(target="line.description", sources=("line.description", "service.name")),
)
"""All other fields are not filled, or filled by the app itself, unless a practice says from where."""
