"""Value tables as files: out and in again, and what is wrong with a file, row by row."""

import csv
import io
from html import unescape

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from mappings import services
from mappings.csv_tables import read_csv, write_csv
from mappings.models import MappingSet
from mappings.sides import LabelUse, ServiceUse, SourceView
from mappings.spec import Choices
from practices.models import Practice, Role
from tests.make import make_member, make_practice
from tests.mappings import offers
from tests.mappings.browsing import drafted, logged_in, publish, revision
from tests.mappings.conftest import Offer

CHOICES = Choices(
    sales_account="200",
    account_by_service={"serv_1": "202", "serv_old": "299"},
    tax_by_label={"GST on Income": "OUTPUT", "=1+1": "EXEMPTOUTPUT"},
)
NASTY = offers.view(
    source=SourceView(
        is_read=True,
        services=(
            ServiceUse(external_id="serv_1", name='=HYPERLINK("http://evil.example")'),
            ServiceUse(external_id="-2", name="@SUM(A1)"),
            ServiceUse(external_id="'quoted", name='Comma, "quote"\nline'),
        ),
        labels=(
            LabelUse(label="=1+1"),
            LabelUse(label="'=1+1"),
            LabelUse(label="+GST"),
            LabelUse(label="GST on Income"),
        ),
    )
)


@pytest.mark.parametrize("table", ["services", "taxes"])
def test_file_that_was_not_touched_changes_nothing(table: str) -> None:
    written = write_csv(table, NASTY, CHOICES)
    assert read_csv(table, written.encode(), NASTY, CHOICES) == (CHOICES, [])
    assert read_csv(table, b"\xef\xbb\xbf" + written.encode(), NASTY, CHOICES) == (CHOICES, [])


@pytest.mark.parametrize("table", ["services", "taxes"])
def test_no_cell_starts_a_formula(table: str) -> None:
    for cells in csv.reader(io.StringIO(write_csv(table, NASTY, CHOICES))):
        assert not [cell for cell in cells if cell.startswith(("=", "+", "-", "@", "\t", "\r"))]


def test_rows_set_clear_and_leave_out() -> None:
    choices = Choices(account_by_service={"serv_1": "202", "serv_2": "202", "serv_3": "202"})
    content = b"Account_Code,service,SERVICE_ID\n200,Anything,serv_1\n,,serv_2\n\n"
    changed, problems = read_csv("services", content, offers.view(), choices)
    assert problems == []
    assert changed.account_by_service == {"serv_1": "200", "serv_3": "202"}


def test_semicolons_and_old_line_ends() -> None:
    content = b"service_id;account_code\r\nserv_1;202\r\n"
    changed, problems = read_csv("services", content, offers.view(), Choices())
    assert (changed.account_by_service, problems) == ({"serv_1": "202"}, [])


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (b"", "no column service_id and no column account_code"),
        (b"service_id\nserv_1\n", "no column account_code"),
        (b"service_id,account_code\n", "no rows"),
        (b"\xff\xfe\x00s", "UTF-8"),
        (b'service_id,account_code\n"serv_1,200\n', "Row "),
        (b"service_id,account_code\nserv_9,200\n", "Row 2: there is no service “serv_9” in Ignition."),
        (b"service_id,account_code\nserv_1,200\nserv_1,202\n", "Row 3: “serv_1” is listed twice."),
        (b"service_id,account_code\n,200\n", "Row 2: service_id is empty."),
        (b"service_id,account_code\nserv_1,404\n", "Row 2: “404” can't be chosen"),
        (b"service_id,account_code\nserv_1,299\n", "Row 2: “299” can't be chosen"),
        (b"service_id,account_code\nserv_1,\x00\n", "Row 2: "),
    ],
)
def test_wrong_files_change_nothing(content: bytes, problem: str) -> None:
    choices = Choices(account_by_service={"serv_2": "202"})
    same, problems = read_csv("services", content, offers.view(), choices)
    assert same == choices
    assert problem in problems[0]


def test_one_wrong_row_keeps_the_good_ones_out() -> None:
    content = b"service_id,account_code\nserv_1,202\nserv_2,nothing\nserv_3,404\n"
    same, problems = read_csv("services", content, offers.view(), Choices())
    assert same == Choices()
    assert [text[:6] for text in problems] == ["Row 3:", "Row 4:"]


def test_lost_zeros_are_recognised() -> None:
    view = offers.view(facts=offers.facts(accounts=(offers.account("020", "Fees"),)))
    _, problems = read_csv("services", b"service_id,account_code\nserv_1,20\n", view, Choices())
    assert "drop the zeros of 020?" in problems[0]


def test_endless_files_are_cut_short() -> None:
    rows = b"".join(b"serv_%d,200\n" % number for number in range(6_000))
    _, problems = read_csv("services", b"service_id,account_code\n" + rows, offers.view(), Choices())
    assert problems == ["The file has more than 5,000 rows."]
    _, problems = read_csv("services", b"service_id,account_code\n" + rows[:20_000], offers.view(), Choices())
    assert len(problems) == 101
    assert problems[-1].startswith("…and ")


@pytest.fixture
def practice(offer: Offer) -> Practice:
    practice = make_practice(slug="harbour")
    services.publish(practice, Choices(sales_account="200"), actor=None)
    return practice


def send(client: Client, content: bytes, table: str = "services") -> tuple[int, str]:
    file = SimpleUploadedFile("table.csv", content, content_type="text/csv")
    sent = {"file": file, "revision": revision(Practice.objects.get(slug="harbour"))}
    response = client.post(f"/p/harbour/mapping/tables/{table}/import/", sent, follow=True)
    return response.status_code, unescape(response.content.decode())


@pytest.mark.django_db
def test_round_trip_through_the_pages(practice: Practice) -> None:
    web = logged_in(make_member(practice, Role.ADMIN))
    response = web.get("/p/harbour/mapping/tables/services/export/")
    assert response["Content-Type"] == "text/csv; charset=utf-8"
    assert "harbour-mapping-services-" in response["Content-Disposition"]
    changed = response.content.replace(b"serv_1,Bookkeeping,,", b"serv_1,Bookkeeping,202,")
    status, page = send(web, changed)
    assert status == 200
    assert "Saved in the draft." in page
    assert services.load_choices(practice)[0] == 1
    assert drafted(practice).account_by_service == {"serv_1": "202"}
    publish(web)
    assert services.load_choices(practice)[1].account_by_service == {"serv_1": "202"}


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (b"", "Choose a CSV file"),
        (b"service_id,account_code\nserv_1,404\n", "Row 2: “404” can't be chosen"),
        (b"x" * 1_000_001, "larger than 1 MB"),
    ],
)
def test_wrong_files_on_the_page(practice: Practice, content: bytes, problem: str) -> None:
    status, page = send(logged_in(make_member(practice, Role.ADMIN)), content)
    assert status == 422
    assert problem in page
    assert MappingSet.objects.count() == 1


@pytest.mark.django_db
def test_unknown_tables(practice: Practice) -> None:
    web = logged_in(make_member(practice, Role.ADMIN))
    assert web.get("/p/harbour/mapping/tables/secrets/export/").status_code == 404
    assert send(web, b"x", table="secrets")[0] == 404
