"""Look-up tables: the list, a table's editor, its file, and what is refused."""

from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from mappings import drafts, services
from mappings.catalog import About
from mappings.fieldmaps import FieldMap, Lookup, Step
from mappings.pages.lookup_form import read_csv, write_csv
from mappings.rules import Outcome, Rule
from mappings.spec import Choices
from practices.models import Practice, Role, User
from tests.make import make_member, make_practice, make_user
from tests.mappings.browsing import drafted, logged_in, page_of, posted, publish
from tests.mappings.conftest import Offer

pytestmark = pytest.mark.django_db

COUNTRIES = Lookup(name="Countries", rows={"AU": "Australia", "NZ": "New Zealand"})
OFFICES = Lookup(name="Offices & more", rows={"syd": "Sydney"}, otherwise="Perth", then="Countries")
SENT: dict[str, Any] = {
    "name": "States",
    "key-0": "NSW",
    "value-0": "New South Wales",
    "key-1": "",
    "value-1": "",
    "otherwise-kind": "keep",
    "then": "",
    "action": "save",
}


@pytest.fixture
def web(owner: User, offer: Offer, practice: Practice) -> Client:
    in_force(practice, COUNTRIES, OFFICES)
    return logged_in(owner)


def in_force(practice: Practice, *tables: Lookup, **extra: Any) -> None:
    services.publish(practice, Choices(sales_account="200", lookups=tables, **extra), actor=None)


def send(client: Client, act: str, data: dict[str, Any], status: int = 200) -> str:
    return posted(client, f"lookups/{act}/", data, status)


def test_a_new_table_goes_into_the_draft(web: Client, practice: Practice) -> None:
    page = send(web, "edit", SENT)
    assert "Saved in the draft." in page
    assert ">States</a>" in page
    assert drafted(practice).lookups[-1] == Lookup(name="States", rows={"NSW": "New South Wales"})
    page = page_of(web, "draft/")
    assert "Table “States”" in page
    assert "1 row; anything else stays as it is" in page
    publish(web)
    assert len(services.load_choices(practice)[1].lookups) == 3


def test_a_table_is_changed_row_by_row(web: Client, practice: Practice) -> None:
    page = page_of(web, "lookups/?name=Offices+%26+more")
    assert 'name="key-0" value="syd"' in page
    assert '<option value="Countries" selected>' in page
    change = {
        "was": "Offices & more",
        "key-0": "mel",
        "value-0": "Melbourne",
        "otherwise-kind": "text",
        "otherwise": "",
        "then": "",
        "action": "save",
    }
    send(web, "edit", change)
    assert drafted(practice).lookups[1] == Lookup(
        name="Offices & more", rows={"mel": "Melbourne"}, otherwise=""
    )
    page = page_of(web, "draft/")
    for words in ("“mel”", "“syd”", "deleted", "becomes “Perth”", "is left empty"):
        assert words in page
    page = send(web, "edit", {**SENT, "action": "rows:add"})
    assert 'name="key-11"' in page


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"name": " "}, "Give it a name of at most 60 characters."),
        ({"name": "countries"}, "Another table is called “countries”."),
        ({"key-1": "nsw", "value-1": "x"}, "“nsw” is listed twice."),
        ({"key-1": "", "value-1": "x"}, "The text to find is empty."),
        ({"key-1": "k" * 201}, "A text to find may have 200 characters."),
        ({"then": "Nowhere"}, "There is no look-up table “Nowhere”."),
        ({"name": "Loop", "then": "Loop"}, "The look-up table “Loop” leads back to itself: Loop → Loop."),
        (
            {"was": "Countries", "then": "Offices & more"},
            "The look-up table “Countries” leads back to itself: Countries → Offices & more → Countries.",
        ),
    ],
)
def test_what_makes_no_sense_is_refused_with_a_sentence(
    web: Client, practice: Practice, change: dict[str, str], said: str
) -> None:
    page = send(web, "edit", {**SENT, **change}, status=422)
    assert said in page
    assert "New South Wales" in page
    assert drafts.draft_of(practice) is None


def test_a_table_in_use_is_not_deleted(web: Client, practice: Practice) -> None:
    step = Step("look_up", {"table": "Offices & more"})
    in_force(
        practice,
        COUNTRIES,
        OFFICES,
        fields=(FieldMap(target="contact.phone", sources=("client.phone",), steps=(step,)),),
        rules=(
            Rule(
                key="r1",
                name="Office",
                about=About.INVOICE,
                then=(Outcome("transform", {"field": "reference"}, (step,)),),
            ),
        ),
    )
    said = send(web, "delete", {"name": "Offices & more"})
    assert "was not deleted. It is used by the field “Phone”, the rule “Office” for invoices." in said
    assert "It is used by the table “Offices & more”." in send(web, "delete", {"name": "Countries"})
    assert drafts.draft_of(practice) is None


def test_a_table_that_nothing_uses_is_deleted(web: Client, practice: Practice) -> None:
    send(web, "delete", {"name": "Offices & more"})
    assert drafted(practice).lookups == (COUNTRIES,)
    send(web, "delete", {"name": "Offices & more"}, status=404)


def test_files_go_out_and_in(web: Client, practice: Practice) -> None:
    response = web.get("/p/harbour/mapping/lookups/export/", {"name": "Offices & more"})
    assert "harbour-mapping-offices-more-" in response["Content-Disposition"]
    assert response.content.decode("utf-8-sig") == "key,value\r\nsyd,Sydney\r\n"
    file = SimpleUploadedFile("t.csv", b"value,key\r\nWellington,wlg\r\n", content_type="text/csv")
    page = send(web, "import", {"name": "Offices & more", "file": file})
    assert "Saved in the draft." in page
    assert drafted(practice).lookups[1].rows == {"wlg": "Wellington"}
    assert drafted(practice).lookups[1].then == "Countries"


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"a,b\n1,2\n", "The first row has no column key and no column value."),
        (b"key\nx\n", "The first row has no column value."),
        (b"key,value\nx,1\nX,2\n", "Row 3: “X” is listed twice."),
        (b"key,value\n,1\n", "Row 2: The text to find is empty."),
        (b"key,value\n", "The file has no rows below the first."),
        (b"", "Choose a CSV file that is not empty."),
        (b"key,value\n" + b"".join(b"k%d,v\n" % number for number in range(10_001)), "more than 10,000 rows"),
    ],
)
def test_wrong_files_change_nothing(web: Client, practice: Practice, content: bytes, said: str) -> None:
    file = SimpleUploadedFile("t.csv", content, content_type="text/csv")
    assert said in send(web, "import", {"name": "Countries", "file": file}, status=422)
    assert drafts.draft_of(practice) is None


def test_a_file_that_was_not_touched_changes_nothing() -> None:
    table = Lookup(name="Odd", rows={"=1+1": "@SUM", "a,b": 'c "d"\ne', "": "", "x": ""})
    table = Lookup(name="Odd", rows={key: value for key, value in table.rows.items() if key})
    written = write_csv(table)
    assert "\r\n=1" not in written
    assert read_csv(written.encode(), table) == (table, [])


def test_long_tables_are_changed_by_a_file(web: Client, practice: Practice) -> None:
    in_force(practice, Lookup(name="Long", rows={f"k{number}": "v" for number in range(500)}))
    page = page_of(web, "lookups/?name=Long")
    assert "so it is changed by a file" in page
    assert 'name="key-0"' not in page
    send(web, "edit", {"was": "Long", "otherwise-kind": "text", "otherwise": "none", "action": "save"})
    (table,) = drafted(practice).lookups
    assert (len(table.rows), table.otherwise) == (500, "none")


def test_two_people_edit_tables(web: Client, practice: Practice) -> None:
    other = logged_in(make_member(practice, Role.ADMIN))
    send(other, "delete", {"name": "Offices & more"})
    page = send(web, "edit", {**SENT, "revision": "0"}, status=409)
    assert "saved the draft in the meantime, so nothing was saved" in page
    assert "New South Wales" in page
    page = send(web, "edit", {**SENT, "was": "Offices & more"}, status=409)
    assert "The table was deleted in the meantime" in page


@pytest.mark.parametrize("role", [Role.STAFF, Role.VIEWER])
def test_others_look_and_do_not_edit(practice: Practice, offer: Offer, role: Role) -> None:
    in_force(practice, COUNTRIES)
    client = logged_in(make_member(practice, role))
    page = page_of(client, "lookups/?name=Countries")
    assert "<fieldset disabled>" in page
    assert "Save in the draft" not in page
    for act in ("edit", "delete", "import"):
        assert client.post(f"/p/harbour/mapping/lookups/{act}/", SENT).status_code == 403
        assert logged_in(make_user()).post(f"/p/harbour/mapping/lookups/{act}/", SENT).status_code == 404


def test_tables_of_another_practice_are_not_found(web: Client, practice: Practice) -> None:
    services.publish(make_practice(), Choices(lookups=(Lookup(name="Theirs"),)), actor=None)
    page_of(web, "lookups/?name=Theirs", status=404)
    page_of(web, "lookups/export/?name=Theirs", status=404)


def test_the_list_needs_the_same_queries_however_many_tables(web: Client, practice: Practice) -> None:
    page_of(web, "?tab=lookups")
    with CaptureQueriesContext(connection) as few:
        page_of(web, "?tab=lookups")
    in_force(practice, *(Lookup(name=f"Table {number}", rows={"a": "b"}) for number in range(40)))
    with CaptureQueriesContext(connection) as lots:
        assert "Table 39" in page_of(web, "?tab=lookups")
    assert len(few) == len(lots)
