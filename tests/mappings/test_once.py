"""A field's steps run once for each text, a question about the client once for each client; nothing else changes."""

from dataclasses import replace
from decimal import Decimal

import pytest

from connectors.records import Contact, Invoice
from mappings import conditions, program
from mappings.catalog import About
from mappings.conditions import Group, Row, compile_condition
from mappings.fieldmaps import FieldMap, Step
from mappings.program import Settled, compile_field
from mappings.subjects import Subject
from mappings.transforms import Env

ENV = Env(country="AU", tables={}, offers={})


def client(number: int, name: str = "Lighthouse") -> Contact:
    return Contact(external_id=f"c{number}", status="active", name=name)


def test_steps_run_once_for_a_text_and_refusals_are_remembered_too() -> None:
    field = compile_field(
        FieldMap(target="contact.email", sources=("client.email",), steps=(Step("lower"),)), ENV
    )
    assert field is not None
    runs: list[str] = []
    label, lower = field.steps[0]

    def counted(text: str) -> str:
        runs.append(text)
        return str(lower(text))

    field = replace(field, steps=((label, counted),), known={})
    for text in ("A@B.EXAMPLE", "nobody", "A@B.EXAMPLE", "nobody"):
        settled = field.settled(Subject(client=replace(client(1), email=text)))
        assert settled.value == ("" if text == "nobody" else "a@b.example")
        assert bool(settled.refused) == (text == "nobody")
    assert runs == ["A@B.EXAMPLE", "nobody"]


def test_numbers_that_are_equal_and_written_otherwise_are_not_mixed_up() -> None:
    field = compile_field(FieldMap(target="invoice.reference", sources=("invoice.total",)), ENV)
    assert field is not None
    found = [
        field.settled(
            Subject(invoice=Invoice(external_id="i1", contact_external_id="c1", total=Decimal(text)))
        ).value
        for text in ("1.50", "1.5", "1.500")
    ]
    assert found == ["1.50", "1.5", "1.500"]


def test_what_is_remembered_stays_small() -> None:
    field = compile_field(FieldMap(target="contact.name", sources=("client.name",)), ENV)
    assert field is not None
    for number in range(2 * program.MOST_KNOWN + 5):
        assert field.settled(Subject(client=client(1, f"No. {number}"))) == Settled(f"No. {number}")
        assert len(field.known) <= program.MOST_KNOWN


def test_a_client_is_asked_once_and_another_record_of_the_same_id_anew() -> None:
    asks = Group("any", (Row("client.name", "is", "Lighthouse"), Row("client.group", "is", "Harbour")))
    test = compile_condition(asks, About.INVOICE)
    one = client(1)
    assert [test(Subject(client=one)) for _ in range(2)] == [True, True]
    assert not test(Subject(client=client(1, "Windmill")))
    assert test(Subject(client=client(1)))
    assert not test(Subject()), "a document of nobody's"


def test_what_also_asks_the_document_is_asked_for_every_document() -> None:
    asks = Group("all", (Row("client.name", "is", "Lighthouse"), Row("invoice.total", "more", "100")))
    test = compile_condition(asks, About.INVOICE)
    one = client(1)
    answers = [
        test(
            Subject(
                client=one, invoice=Invoice(external_id="i1", contact_external_id="c1", total=Decimal(total))
            )
        )
        for total in (50, 150, 50)
    ]
    assert answers == [False, True, False]


def test_more_clients_than_are_remembered_have_their_right_answers(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(conditions, "MOST_CLIENTS", 3)
    asks = Group("none", (Row("client.name", "is", "Lighthouse"), Row("client.group", "is", "Harbour")))
    test = compile_condition(asks, About.LINE)
    clients = [client(number, "Lighthouse" if number % 2 else "Windmill") for number in range(10)]
    for _ in range(2):
        assert [test(Subject(client=one)) for one in clients] == [True, False] * 5
