"""What holds for every record, however odd: no crash, sums that add up, the same answer twice."""

import json
from datetime import date
from decimal import Decimal
from typing import Any

from hypothesis import example, given, settings
from hypothesis import strategies as st

from connectors.amounts import CENT, cents, tax_on
from connectors.records import (
    Contact,
    Invoice,
    Line,
    Person,
    Proposal,
    ProposalLine,
    Service,
    TaxRate,
    Tracking,
)
from mappings.engine import Catalogue, map_contact, map_invoice
from mappings.receipts import map_payment
from mappings.spec import Choices, Spec, choices_from_json, choices_to_json
from tests.mappings import offers

FEW = settings(max_examples=120, deadline=None)

words = st.text(max_size=30)
amounts = st.decimals(min_value=-99_999, max_value=99_999, places=2)
odd_amounts = st.decimals(
    min_value=-9_999_999_999_999, max_value=9_999_999_999_999, allow_nan=False, allow_infinity=False
)
days = st.none() | st.dates(min_value=date(1990, 1, 1), max_value=date(2060, 12, 31))
currencies = st.sampled_from(["", "AUD", "NZD", "XXX"])
tax_types = st.sampled_from(["", "OUTPUT", "INPUT", "EXEMPTOUTPUT", "TAX999"])
labels = st.sampled_from(["", "GST on Income", "GST Free", "Disbursement"])
codes = st.sampled_from(["", "200", "299", "404", "608", "nowhere"])
service_names = st.sampled_from(["Bookkeeping", "Tax return", "  tax  RETURN ", "Unknown", ""])

choices = st.builds(
    Choices,
    sales_account=codes,
    account_by_service=st.dictionaries(st.sampled_from(["serv_1", "serv_2"]), codes),
    default_tax=tax_types,
    tax_by_label=st.dictionaries(labels, tax_types),
    line_amounts=st.sampled_from(["auto", "Exclusive", "Inclusive"]),
    clearing_account=codes,
    clearing_by_method=st.dictionaries(st.sampled_from(["card", "bank"]), codes),
    clearing_by_currency=st.dictionaries(currencies, codes),
    theme_by_currency=st.dictionaries(currencies, words),
    tracking=st.lists(
        st.builds(
            Tracking, category=st.sampled_from(["Office", "Gone"]), option=st.sampled_from(["Sydney", "Gone"])
        ),
        max_size=2,
    ).map(tuple),
    terms_days=st.none() | st.integers(min_value=0, max_value=365),
    number_prefix=st.text(max_size=10),
    documents_from=days,
)
specs = st.builds(
    lambda chosen, lock: Spec(version=1, choices=chosen, facts=offers.facts(lock_date=lock)), choices, days
)

services = [
    Service(external_id="serv_1", name="Bookkeeping", tax_label="GST on Income"),
    Service(external_id="serv_2", name="Tax return", tax_label="GST Free"),
    Service(external_id="serv_3", name="ASIC fee", tax_label="Disbursement"),
]
CATALOGUE = Catalogue(
    services={item.external_id: item for item in services},
    services_by_name={item.name.casefold(): item for item in services},
    proposals={
        "prop_1": Proposal(
            external_id="prop_1",
            name="Engagement",
            lines=(ProposalLine(external_id="pl_1", name="Tax return", service_external_id="serv_1"),),
        )
    },
)

lines = st.builds(
    Line,
    description=service_names | words,
    quantity=odd_amounts | st.integers(min_value=-3, max_value=50).map(Decimal),
    unit_amount=odd_amounts | amounts,
    discount=odd_amounts | st.just(Decimal(0)),
    amount=odd_amounts | amounts,
    origin_type=st.sampled_from(["", "proposal", "other"]),
    origin_external_id=st.sampled_from(["", "prop_1", "prop_9"]),
)
invoices = st.builds(
    Invoice,
    external_id=st.just("inv_1"),
    contact_external_id=words,
    number=words,
    reference=words,
    date=days,
    due_date=days,
    currency=currencies,
    total=odd_amounts | amounts,
    surcharge=st.just(Decimal(0)) | amounts,
    link=words,
    lines=st.lists(lines, max_size=5).map(tuple),
)
contacts = st.builds(
    Contact, external_id=words, name=words, email=words, phone=words, number=words, status=st.just("active")
)
people = st.builds(
    Person,
    external_id=words,
    contact_external_id=words,
    name=words,
    email=words,
    phone=words,
    is_primary=st.booleans(),
)


HUGE = Decimal(9_999_999_999_999)


@FEW
@given(invoices, specs)
@example(
    Invoice(
        external_id="inv_1",
        contact_external_id="",
        date=date.max,
        total=HUGE,
        lines=(
            Line(
                description="Bookkeeping", quantity=HUGE, unit_amount=HUGE, discount=-HUGE, amount=Decimal(5)
            ),
        ),
    ),
    Spec(version=1, choices=Choices(terms_days=30), facts=offers.facts()),
)
def test_any_invoice_gives_values_or_issues_and_the_same_ones_twice(invoice: Invoice, spec: Spec) -> None:
    mapped = map_invoice(invoice, CATALOGUE, spec)
    assert map_invoice(invoice, CATALOGUE, spec) == mapped
    json.dumps(mapped.values, allow_nan=False)
    assert mapped.issues or mapped.values["lines"]
    assert all(issue.code and issue.text for issue in mapped.issues)


@FEW
@given(contacts, st.lists(people, max_size=3), specs)
def test_any_contact_gives_values_or_issues_and_the_same_ones_twice(
    client: Contact, persons: list[Person], spec: Spec
) -> None:
    mapped = map_contact(client, persons, spec)
    assert map_contact(client, persons, spec) == mapped
    json.dumps(mapped.values)
    assert mapped.issues or 0 < len(mapped.values["name"]) <= 255
    assert len(mapped.values["number"]) <= 50


@FEW
@given(
    odd_amounts | amounts,
    currencies,
    days,
    words,
    currencies,
    st.sampled_from(["", "ACCREC", "ACCPAY"]),
    specs,
)
def test_any_payment_gives_values_or_issues(
    amount: Decimal, currency: str, paid_on: date | None, method: str, other: str, kind: str, spec: Spec
) -> None:
    values: dict[str, Any] = {
        "payment_external_id": "pay_1",
        "amount": amount,
        "currency": currency,
        "paid_on": paid_on,
        "method": method,
        "invoice_currency": other,
        "invoice_type": kind,
        "spec": spec,
    }
    mapped = map_payment(**values)
    assert map_payment(**values) == mapped
    if not mapped.issues:
        assert Decimal(mapped.values["amount"]) == amount > 0
        assert mapped.values["account_external_id"]


@st.composite
def honest_invoices(draw: st.DrawFn) -> tuple[Invoice, bool]:
    """An invoice whose total really follows from its lines, and whether its amounts contain the tax."""
    inclusive = draw(st.booleans())
    billed = draw(
        st.lists(
            st.tuples(
                st.sampled_from(services[:2]),
                st.integers(min_value=1, max_value=40).map(Decimal),
                st.decimals(min_value=Decimal("0.0001"), max_value=5_000, places=4),
            ),
            min_size=1,
            max_size=6,
        )
    )
    made, total = [], Decimal(0)
    for service, quantity, unit in billed:
        amount = cents(quantity * unit)
        percent = Decimal(10) if service.tax_label == "GST on Income" else Decimal(0)
        total += amount if inclusive else amount + tax_on(amount, percent, inclusive=False)
        made.append(Line(description=service.name, quantity=quantity, unit_amount=unit, amount=amount))
    invoice = Invoice(
        external_id="inv_1",
        contact_external_id="cli_1",
        number="7",
        date=date(2026, 11, 2),
        currency="AUD",
        total=total + draw(st.sampled_from([Decimal(0), CENT, -CENT])),
        lines=tuple(made),
    )
    return invoice, inclusive


GOOD = Spec(
    version=1,
    choices=Choices(
        sales_account="200",
        default_tax="OUTPUT",
        tax_by_label={"GST on Income": "OUTPUT", "GST Free": "EXEMPTOUTPUT"},
    ),
    facts=offers.facts(),
)


@FEW
@given(honest_invoices())
def test_predicted_total_is_the_invoice_total_whenever_nothing_is_reported(
    case: tuple[Invoice, bool],
) -> None:
    invoice, _ = case
    mapped = map_invoice(invoice, CATALOGUE, GOOD)
    if mapped.issues:
        assert {issue.code for issue in mapped.issues} <= {"does_not_add_up", "negative_total"}
        return
    assert Decimal(mapped.values["total"]) == invoice.total
    assert Decimal(mapped.values["subtotal"]) + Decimal(mapped.values["tax"]) == invoice.total
    assert _as_the_ledger_adds(mapped.values) == invoice.total


@FEW
@given(honest_invoices())
def test_an_invoice_that_adds_up_to_the_cent_is_never_refused(case: tuple[Invoice, bool]) -> None:
    invoice, inclusive = case
    net = sum((item.amount for item in invoice.lines), Decimal(0))
    rates = {"Bookkeeping": Decimal(10), "Tax return": Decimal(0)}
    tax = sum(
        (tax_on(item.amount, rates[item.description], inclusive=False) for item in invoice.lines), Decimal(0)
    )
    exact = net if inclusive else net + tax
    if invoice.total == exact:
        assert map_invoice(invoice, CATALOGUE, GOOD).issues == ()


@FEW
@given(choices)
def test_choices_survive_being_stored(chosen: Choices) -> None:
    assert choices_from_json(json.loads(json.dumps(choices_to_json(chosen)))) == chosen


def _as_the_ledger_adds(values: dict[str, Any]) -> Decimal:
    """Add the lines up as the ledger does: amounts to the cent by line, tax by line unless given."""
    rates: dict[str, TaxRate] = GOOD.facts.tax_rates
    inclusive = values["line_amounts"] == "Inclusive"
    total = Decimal(0)
    for item in values["lines"]:
        amount = cents(
            Decimal(item["quantity"]) * Decimal(item["unit_amount"]) - Decimal(item.get("discount", "0"))
        )
        tax = tax_on(amount, rates[item["tax_type"]].rate, inclusive=inclusive)
        tax = Decimal(item["tax_amount"]) if "tax_amount" in item else tax
        total += amount if inclusive else amount + tax
    return total
