"""Rules as an accountant would check them: one invoice, one rule, what comes out."""

from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from connectors.records import Contact, Invoice, Line, Service
from mappings.catalog import About
from mappings.conditions import Group, Row, compile_condition, sentence
from mappings.engine import Catalogue, Situation, map_contact, map_invoice
from mappings.explain import explain_contact, explain_invoice
from mappings.fieldmaps import BadChoice, FieldMap, Lookup, Step
from mappings.mapped import Mapped
from mappings.receipts import map_payment
from mappings.rules import Outcome, Rule, rule_sentence
from mappings.spec import Choices, Spec
from mappings.subjects import Subject
from tests.mappings import offers

CLIENT = Contact(
    external_id="cli_1",
    name="1478 Blue Bell Pty Ltd",
    number="BB-14",
    group="Bell Group",
    tags=("VIP", "Monthly"),
    partner_email="partner@firm.example",
    manager_email="Manager@firm.example",
    status="active",
)
SERVICES = {
    "serv_1": Service(
        external_id="serv_1", name="Bookkeeping", tax_label="GST on Income", category="Compliance"
    ),
    "serv_2": Service(external_id="serv_2", name="Advice", tax_label="GST on Income"),
}
CATALOGUE = Catalogue(
    services=SERVICES, services_by_name={"bookkeeping": SERVICES["serv_1"], "advice": SERVICES["serv_2"]}
)
INVOICE = Invoice(
    external_id="inv_1",
    contact_external_id="cli_1",
    number="1042",
    reference="July",
    date=date(2026, 11, 5),
    due_date=date(2026, 11, 19),
    currency="AUD",
    total=Decimal("6600.00"),
    lines=(
        Line(description="Bookkeeping", unit_amount=Decimal(5000), amount=Decimal(5000)),
        Line(description="Advice", unit_amount=Decimal(1000), amount=Decimal(1000)),
    ),
)
TODAY = Situation(today=date(2026, 11, 20))


def rule(
    *then: Outcome, when: Any = None, about: About = About.INVOICE, key: str = "r1", name: str = "Ours"
) -> Rule:
    return Rule(key=key, name=name, about=about, when=when or Group("all"), then=then)


def spec(*rules: Rule, **choices: Any) -> Spec:
    chosen = Choices(
        sales_account="200",
        default_tax="OUTPUT",
        tax_by_label={"GST on Income": "OUTPUT"},
        clearing_account="608",
        rules=rules,
        **choices,
    )
    return Spec(version=1, choices=chosen, facts=offers.facts(lock_date=date(2026, 10, 31)))


def mapped(*rules: Rule, invoice: Invoice = INVOICE, situation: Situation = TODAY, **choices: Any) -> Mapped:
    return map_invoice(invoice, CATALOGUE, spec(*rules, **choices), situation, CLIENT)


def applies(row: Row | Group, situation: Situation = TODAY) -> bool:
    return bool(mapped(rule(Outcome("stop"), when=row), situation=situation).ruling.fired)


@pytest.mark.parametrize(
    ("field", "op", "value", "expected"),
    [
        ("invoice.total", "more", "6,599.99", True),
        ("invoice.total", "more", "6600", False),
        ("invoice.total", "least", "6600", True),
        ("invoice.total", "less", "6600", False),
        ("invoice.total", "between", "6000\n7000", True),
        ("invoice.total", "equals", "6600.0", True),
        ("invoice.date", "after", "2026-11-04", True),
        ("invoice.date", "before", "2026-11-05", False),
        ("invoice.date", "on", "2026-11-05", True),
        ("client.name", "contains", "blue BELL", True),
        ("client.name", "starts", "blue", False),
        ("client.name", "matches", r"^\d{4} ", True),
        ("client.name", "lacks", "bell", False),
        ("client.group", "one_of", "Other\nbell group", True),
        ("client.group", "not_one_of", "Other", True),
        ("client.phone", "empty", "", True),
        ("client.tags", "any_of", "vip\ngold", True),
        ("client.tags", "all_of", "vip\ngold", False),
        ("client.tags", "none_of", "gold", True),
        ("client.manager", "is", "manager@firm.example", True),
        ("invoice.services", "any_of", "advice", True),
        ("invoice.lines", "equals", "2", True),
        ("days_old", "equals", "15", True),
        ("days_after_lock", "most", "5", True),
        ("invoice.is_first", "yes", "", False),
        ("xero.total", "equals", "6600", True),
        ("xero.tax", "equals", "600", True),
    ],
)
def test_a_question_and_its_answer(field: str, op: str, value: str, *, expected: bool) -> None:
    assert applies(Row(field, op, value)) is expected


def test_what_is_known_of_the_past_can_be_asked() -> None:
    assert applies(Row("invoice.is_first", "yes"), Situation(is_first=True))
    assert applies(Row("changed_after_approval", "yes"), Situation(approved_before=True))
    assert not applies(Row("days_old", "more", "0"), Situation())


def test_all_any_and_none() -> None:
    yes, no = Row("client.group", "is", "Bell Group"), Row("client.group", "is", "Other")
    assert applies(Group("all", (yes, yes)))
    assert not applies(Group("all", (yes, no)))
    assert applies(Group("any", (no, yes)))
    assert applies(Group("none", (no, no)))
    assert not applies(Group("none", (no, yes)))
    assert applies(Group("all", (yes, Group("any", (no, yes)))))


def test_hold_and_skip_say_which_rule_and_why() -> None:
    held = mapped(rule(Outcome("hold", {"text": "Ask a partner."}), name="Large")).ruling
    assert [(item.name, item.text) for item in held.holds] == [("Large", "Ask a partner.")]
    skipped = mapped(rule(Outcome("skip"), name="Not these")).ruling
    assert skipped.skip is not None
    assert skipped.skip.name == "Not these"


def test_rules_run_in_order_see_each_other_and_stop() -> None:
    first = rule(Outcome("set", {"field": "reference", "text": "First"}), key="a")
    second = rule(
        Outcome("set", {"field": "reference", "text": "Second"}),
        when=Row("xero.reference", "is", "first"),
        key="b",
    )
    found = mapped(first, second)
    assert (found.values["reference"], found.ruling.set_by["reference"].key) == ("Second", "b")
    stopped = mapped(replace(first, then=(*first.then, Outcome("stop"))), second)
    assert (stopped.values["reference"], stopped.ruling.keys()) == ("First", ("a",))
    off = mapped(replace(first, enabled=False), second)
    assert off.values["reference"] == "July"


def test_an_invoice_can_have_another_account_status_terms_branding_and_tracking() -> None:
    found = mapped(
        rule(
            Outcome("account", {"value": "202"}),
            Outcome("status", {"value": "DRAFT"}),
            Outcome("terms", {"days": "30"}),
            Outcome("branding", {"value": "theme-1"}),
            Outcome("tracking", {"category": "Office", "option": "Perth"}),
        )
    )
    assert not found.issues
    assert {line["account_code"] for line in found.values["lines"]} == {"202"}
    assert {line["tracking"][0]["option"] for line in found.values["lines"]} == {"Perth"}
    assert (found.values["status"], found.values["due_date"]) == ("DRAFT", "2026-12-05")
    assert found.values["branding_theme_external_id"] == "theme-1"
    assert (found.values["total"], found.values["tax"]) == ("6600.00", "600.00")


def test_a_line_rule_is_about_its_line_alone() -> None:
    found = mapped(
        rule(
            Outcome("account", {"value": "202"}),
            Outcome("tracking", {"category": "Service line", "option": "Bookkeeping"}),
            when=Row("service.category", "is", "compliance"),
            about=About.LINE,
        )
    )
    first, second = found.values["lines"]
    assert (first["account_code"], second["account_code"]) == ("202", "200")
    assert "tracking" not in second


def test_an_account_that_xero_does_not_offer_blocks_the_record() -> None:
    found = mapped(rule(Outcome("account", {"value": "299"})))
    assert [issue.code for issue in found.issues] == ["account_gone"]


def test_a_rule_that_can_not_run_holds_what_it_is_about_and_nothing_else() -> None:
    broken = rule(Outcome("hold"), when=Row("invoice.colour", "is", "red"), name="Odd")
    found = mapped(broken)
    assert [issue.code for issue in found.issues] == ["mapping_broken"]
    assert "“Odd”" in found.issues[0].text
    assert not map_contact(CLIENT, [], spec(broken)).issues


def test_no_rule_changes_an_amount_a_number_or_a_tax_type() -> None:
    for field in ("total", "number", "tax_type", "quantity", "unit_amount", "tax_amount"):
        for about in (About.INVOICE, About.LINE):
            found = mapped(rule(Outcome("set", {"field": field, "text": "1"}), about=about))
            assert [issue.code for issue in found.issues] == ["mapping_broken"]


def test_a_payment_can_be_held_or_go_to_another_account() -> None:
    def paid(*rules: Rule) -> Mapped:
        return map_payment(
            payment_external_id="pay_1",
            amount=Decimal(110),
            currency="AUD",
            paid_on=date(2026, 11, 6),
            method="card",
            invoice_currency="AUD",
            invoice_type="ACCREC",
            spec=spec(*rules),
            subject=Subject(client=CLIENT, invoice=INVOICE, amount=Decimal(110), paid_on=date(2026, 11, 6)),
        )

    other = rule(
        Outcome("account", {"value": "090"}), when=Row("payment.amount", "more", "100"), about=About.PAYMENT
    )
    assert paid(other).values["account_code"] == "090"
    assert paid(rule(Outcome("hold"), about=About.PAYMENT)).ruling.holds
    assert paid().values["account_code"] == "608"


def test_field_maps_take_the_first_source_with_a_value_through_their_steps() -> None:
    fields = (
        FieldMap(target="contact.name", sources=("client.name",), steps=(Step("strip_code"), Step("upper"))),
        FieldMap(target="contact.tax_number", text="83 914 571 673", steps=(Step("abn"),)),
        FieldMap(target="contact.account_number", sources=("client.phone", "client.code")),
        FieldMap(target="invoice.reference", text="{client.code} · {invoice.number}"),
        FieldMap(
            target="invoice.due_date",
            sources=("invoice.date",),
            steps=(Step("end_of_month"), Step("add_days", {"days": "20"})),
        ),
        FieldMap(
            target="line.description",
            sources=("line.description",),
            steps=(Step("look_up", {"table": "Words"}),),
        ),
    )
    using = spec(fields=fields, lookups=(Lookup(name="Words", rows={"advice": "Advisory"}),))
    contact = map_contact(CLIENT, [], using).values
    assert (contact["name"], contact["tax_number"], contact["account_number"]) == (
        "BLUE BELL PTY LTD",
        "83 914 571 673",
        "BB-14",
    )
    invoice = map_invoice(INVOICE, CATALOGUE, using, TODAY, CLIENT).values
    assert (invoice["reference"], invoice["due_date"]) == ("BB-14 · 1042", "2026-12-20")
    assert [line["description"] for line in invoice["lines"]] == ["Bookkeeping", "Advisory"]


def test_a_value_that_can_not_be_used_is_left_out_and_said_or_blocks_where_it_is_needed() -> None:
    wrong = FieldMap(target="contact.tax_number", text="12 345", steps=(Step("abn"),))
    found = map_contact(CLIENT, [], spec(fields=(wrong,)))
    assert "tax_number" not in found.values
    assert found.remarks == ("“12 345” is not a valid ABN and is left out.",)
    needed = FieldMap(target="contact.name", sources=("client.name",), steps=(Step("abn"),))
    assert "refused_value" in {issue.code for issue in map_contact(CLIENT, [], spec(fields=(needed,))).issues}


def test_staff_give_the_tracking_of_their_clients() -> None:
    staff = {"manager@firm.example": {"Office": "Perth"}}
    found = mapped(
        staff_from="manager", tracking_by_staff=staff, tracking_by_service={"serv_1": {"Office": "Sydney"}}
    )
    assert [line["tracking"][0]["option"] for line in found.values["lines"]] == ["Sydney", "Perth"]
    assert "tracking" not in mapped(staff_from="partner", tracking_by_staff=staff).values["lines"][0]


def test_a_rule_reads_as_a_sentence() -> None:
    large = rule(
        Outcome("hold", {"text": "Ask a partner."}),
        Outcome("account", {"value": "202"}),
        when=Group("all", (Row("invoice.total", "more", "5000"), Row("client.tags", "any_of", "VIP\nGold"))),
    )
    assert rule_sentence(large) == (
        "For invoices, when invoice total is more than 5,000 and client's tags include any of “VIP” or “Gold”: "
        "wait for approval (“Ask a partner.”); use account 202."
    )
    assert sentence(Group("none", (Row("client.phone", "empty"),))) == "not (client's phone is empty)"


def test_every_value_is_explained() -> None:
    using = spec(rule(Outcome("set", {"field": "reference", "text": "{invoice.number}"}), name="Numbers"))
    found = explain_invoice(INVOICE, CATALOGUE, using, TODAY, CLIENT)
    assert found.mapped == map_invoice(INVOICE, CATALOGUE, using, TODAY, CLIENT)
    reference = next(item for item in found.origins if item.label == "Reference")
    assert (reference.value, reference.rule, reference.came_from) == ("1042", "Numbers", "Invoice reference")
    assert [(item.name, item.applied) for item in found.rules] == [("Numbers", True)]
    contact = explain_contact(CLIENT, [], using, TODAY)
    name = next(item for item in contact.origins if item.label == "Name")
    assert [stage.value for stage in name.stages] == ["1478 Blue Bell Pty Ltd"] * 3


@pytest.mark.parametrize("pattern", ["((a{99}){99}){99}", "(", "x" * 201, r"(?=a)", r"(a)\1", ""])
def test_a_pattern_that_could_run_away_or_is_none_is_refused(pattern: str) -> None:
    with pytest.raises(BadChoice):
        compile_condition(Row("client.name", "matches", pattern), About.CONTACT)


def test_a_hostile_pattern_takes_no_time() -> None:
    test = compile_condition(Row("client.name", "matches", "(a+)+$"), About.CONTACT)
    assert not test(Subject(client=replace(CLIENT, name="a" * 3000 + "!")))
